export { type CacheShape, createKvCache } from './kv-cache'
