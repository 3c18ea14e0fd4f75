import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { extract } from 'tar'
import { packed, unpackedOnce } from '../../scripts/unpack.mjs'

/** How the headless Chromium of `@sparticuz/chromium` is started. */
export interface Chromium {
  readonly executable: string
  readonly environment: Readonly<Record<string, string>>
}

/**
 * The unpacked Chromium with the libraries and the font that came with it: what a machine has of these plays no part. Throws
 * where the package is missing or holds nothing for this machine.
 */
export function chromium(): Chromium {
  const binary = packed('chromium.br')
  if (!binary)
    throw new Error(
      '@sparticuz/chromium has no browser for this machine: it is for Linux on x64; run `pnpm install` there',
    )
  const folder = unpackedOnce('chromium', (cwd) => {
    for (const name of ['al2023', 'fonts', 'swiftshader'])
      extract({ sync: true, file: packed(`${name}.tar.br`) as string, brotli: true, cwd })
    writeFileSync(join(cwd, 'chromium'), brotliDecompressSync(readFileSync(binary)), { mode: 0o755 })
    writeFileSync(join(cwd, 'fonts.conf'), fontsConf)
  })
  return {
    executable: join(folder, 'chromium'),
    environment: {
      LD_LIBRARY_PATH: join(folder, 'lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      XDG_CACHE_HOME: folder,
    },
  }
}

/** Fontconfig takes folders of fonts relative to its file; its cache goes below XDG_CACHE_HOME. */
const fontsConf = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fonts-cache</cachedir>
</fontconfig>
`
