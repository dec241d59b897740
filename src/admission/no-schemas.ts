/** No route has a schema, and the libraries that compile them, a megabyte each, are only loaded where nobody else would. */
export const noSchemas = {
  compilersFactory: { buildValidator: refuse, buildSerializer: refuse },
}

function refuse(): never {
  throw new TypeError('no route has a schema')
}
