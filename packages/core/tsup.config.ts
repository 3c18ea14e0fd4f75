import { build } from '../../tsup.preset'

export default build({
  index: 'src/index.ts',
  'spec/index': 'src/spec/index.ts',
  'reference/index': 'src/reference/index.ts',
  'load/index': 'src/load/index.ts',
  'load/node-disk': 'src/load/node-disk.ts',
  'load/no-disk': 'src/load/no-disk.ts',
  'conformance/index': 'src/conformance/index.ts',
})
