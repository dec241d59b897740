import api from 'undici/lib/api/index.js'
import Agent from 'undici/lib/dispatcher/agent.js'
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js'
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js'

// The index of the package also loads fetch, WebSocket, mocks and stores: 9 MB that a server would keep. This is what it does besides.
Object.assign(Dispatcher.prototype, api)

export { Agent, ProxyAgent }
