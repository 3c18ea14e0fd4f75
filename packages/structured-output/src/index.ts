export { type JsonSchemaOptions, jsonSchema } from './json-schema'
export { regex } from './regex'
