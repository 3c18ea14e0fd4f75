import { OutriderError } from '@outrider/core'
import type { Weight, WeightSource } from '@outrider/core/spec'
import { DeviceBuffer, type Memory } from '../memory'
import { type Layout, layouts, PANEL, panelWords, repackPanels } from './layout'
import { PackedWeight, type WeightPart } from './packed-weight'

/** Packed bytes that are read, repacked and written at a time; at least one panel. */
const chunkBytes: number = 8 << 20
/** Panels of one part: a kernel starts up to four workgroups a panel, 65,535 at most along one axis. */
const maxPanels = 16_383

/** How a weight is cut. */
export interface UploadOptions {
  /** Most bytes of one part; by default what a kernel can bind. */
  readonly maxPartBytes?: number
}

/**
 * Streams a matrix to the device, chunk by chunk, in the panels of its layout. Nothing stays on the device where it throws.
 * Throws what `source.rows` throws, `UNSUPPORTED_FORMAT`, `FILE_TRUNCATED`, `OUT_OF_MEMORY`, `DEVICE_LACKS`.
 */
export async function uploadWeight(
  memory: Memory,
  source: WeightSource,
  label: string,
  { maxPartBytes = memory.maxBytes }: UploadOptions = {},
): Promise<Weight> {
  const layout = knownLayout(source, label)
  const [outputs, inputs] = source.shape
  const panels = Math.ceil(outputs / PANEL)
  const panelBytes = panelWords(layout, inputs) * 4
  const panelsAPart = Math.max(1, Math.min(maxPanels, panels, Math.floor(maxPartBytes / panelBytes)))
  const parts: WeightPart[] = []
  try {
    for (let firstPanel = 0; firstPanel < panels; firstPanel += panelsAPart) {
      const count = Math.min(panelsAPart, panels - firstPanel)
      parts.push({ buffer: new DeviceBuffer(memory, label, count * panelBytes), firstPanel, panels: count })
    }
    const chunk = new Uint32Array(
      Math.max(1, Math.min(panelsAPart, Math.floor(chunkBytes / panelBytes))) * (panelBytes / 4),
    )
    for (const part of parts) await fill(memory, source, layout, part, chunk)
    await memory.settled()
    return new PackedWeight(label, source.shape, source.format, parts)
  } catch (error) {
    for (const { buffer } of parts) buffer.dispose()
    throw error
  }
}

function knownLayout(source: WeightSource, label: string): Layout {
  const layout = layouts[source.format] as Layout | undefined
  if (!layout)
    throw new OutriderError(
      'UNSUPPORTED_FORMAT',
      `${label} is stored as ${source.format}; the kernels read ${Object.keys(layouts).join(', ')}`,
    )
  if (source.shape[1] % layout.stepInputs !== 0)
    throw new OutriderError(
      'UNSUPPORTED_FORMAT',
      `${label} has ${source.shape[1]} inputs, and the kernels take ${source.format} rows of whole groups of ${layout.stepInputs}`,
    )
  return layout
}

/** Reads, repacks and writes the panels of one part, as many at a time as `chunk` holds. */
async function fill(
  memory: Memory,
  source: WeightSource,
  layout: Layout,
  { buffer, firstPanel, panels }: WeightPart,
  chunk: Uint32Array,
): Promise<void> {
  const [outputs, inputs] = source.shape
  const words = panelWords(layout, inputs)
  const step = chunk.length / words
  for (let panel = 0; panel < panels; panel += step) {
    const from = (firstPanel + panel) * PANEL
    const to = Math.min(outputs, from + Math.min(step, panels - panel) * PANEL)
    const bytes = await source.rows(from, to)
    const expected = (to - from) * (inputs / layout.stepInputs) * layout.stepHalves * 2
    if (bytes.byteLength !== expected)
      throw new OutriderError(
        'FILE_TRUNCATED',
        `rows ${from} to ${to} of ${source.name} are ${bytes.byteLength} bytes, but ${expected} were expected: get the file again`,
      )
    const packed = chunk.subarray(0, Math.min(step, panels - panel) * words)
    packed.fill(0)
    repackPanels(layout, halves(bytes), to - from, inputs, packed)
    memory.write(buffer, packed, panel * words * 4)
  }
}

/** The bytes as 16-bit words, copied only where they begin at an odd address. */
function halves(bytes: Uint8Array): Uint16Array {
  const even = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Uint16Array(even.buffer, even.byteOffset, even.byteLength / 2)
}
