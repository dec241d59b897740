import process from 'node:process'

/** By status. An import would read every name that node:http exports, and its WebSocket takes 10 MB to load. */
export const { STATUS_CODES } = process.getBuiltinModule('node:http')
