/** An answer before it is written to a socket. */
export interface RegistryReply {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** Error codes of the distribution specification (`MANIFEST_UNKNOWN`, ...) in its JSON form. */
export function errorReply(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): RegistryReply {
  return jsonReply(status, { errors: [{ code, message, detail: null }] }, headers)
}

export function jsonReply(
  status: number,
  value: object,
  headers: Record<string, string> = {},
): RegistryReply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  }
}
