export { type ReferenceOptions, referenceBackend } from './backend'
