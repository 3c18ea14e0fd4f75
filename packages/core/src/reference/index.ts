export { referenceBackend } from './backend'
