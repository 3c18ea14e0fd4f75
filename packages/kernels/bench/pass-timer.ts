import type { WebGpuProgram } from '../src/programs'

/** Times one compute pass: on the device's clock where it has one, else on the host's, submission included. */
export class PassTimer {
  readonly clock: 'timestamp-query' | 'host'
  readonly #queries: GPUQuerySet | undefined
  readonly #resolved: GPUBuffer | undefined
  readonly #staging: GPUBuffer | undefined

  constructor(private readonly device: GPUDevice) {
    this.clock = device.features.has('timestamp-query') ? 'timestamp-query' : 'host'
    if (this.clock === 'host') return
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 })
    this.#resolved = device.createBuffer({ size: 16, usage: 0x200 | 0x4 }) // QUERY_RESOLVE | COPY_SRC
    this.#staging = device.createBuffer({ size: 16, usage: 0x1 | 0x8 }) // MAP_READ | COPY_DST
  }

  /** Milliseconds of `runs` runs of `program` in one pass. */
  async measure(program: WebGpuProgram, runs: number): Promise<number> {
    const encoder = this.device.createCommandEncoder()
    const pass = encoder.beginComputePass(
      this.#queries && {
        timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
      },
    )
    for (let i = 0; i < runs; i++) program.encode(pass)
    pass.end()
    if (this.#queries && this.#resolved && this.#staging) {
      encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0)
      encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16)
    }
    const commands = encoder.finish()
    const start = performance.now()
    this.device.queue.submit([commands])
    if (!this.#staging) {
      await this.device.queue.onSubmittedWorkDone()
      return performance.now() - start
    }
    await this.#staging.mapAsync(0x1)
    const [begin, end] = new BigUint64Array(this.#staging.getMappedRange().slice(0))
    this.#staging.unmap()
    return Number((end as bigint) - (begin as bigint)) / 1e6
  }

  dispose(): void {
    this.#queries?.destroy()
    this.#resolved?.destroy()
    this.#staging?.destroy()
  }
}
