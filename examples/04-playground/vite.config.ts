import { join } from 'node:path'
import { defineConfig } from 'vite'

const models: string = join(import.meta.dirname, '../../models')

export default defineConfig({
  // A static page that may lie anywhere.
  base: './',
  // The embedded model is served with the page, as it lies in the repository.
  publicDir: models,
  // Files that a model may have and has not are 404, not the page.
  appType: 'mpa',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: { target: 'es2022', sourcemap: false },
})
