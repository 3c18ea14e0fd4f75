export { ChatSession, type SessionOptions, type TurnOptions } from './chat-session'
export { createEngine, type EngineOptions } from './create-engine'
export { type Completion, collect, Engine } from './engine'
export { type EngineLimits, type EngineStrategy, tokens, type WiringTokens } from './tokens'
