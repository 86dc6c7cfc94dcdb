/** The class of the agent that Node's own `fetch` connects with. */

export interface ConnectOptions {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null;
}
type Socket = import("node:net").Socket;
export type ConnectDone = (error: Error | null, socket: Socket | null) => void;
interface Agent {
  destroy(): Promise<void>;
}
type AgentClass = new (options: {
  connect: (options: ConnectOptions, done: ConnectDone) => void;
  connections: number;
}) => Agent;

function isAgent(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    value.constructor?.name === "Agent" &&
    typeof Reflect.get(value, "destroy") === "function"
  );
}

/**
 * Node's own undici, reached through the dispatcher that `fetch` registers. There is no public door to it, and the plain `fetch` leaves a
 * socket that is still connecting open for ten seconds after an abort and tells nobody how long a name took to resolve. Tried with Node 20,
 * 22, 24 and 26 (undici 6 to 8; 7 and later register version 2 of the interface too, 8 has a mere wrapper as version 1).
 * Where Node has a proxy in force (NODE_USE_ENV_PROXY, setGlobalProxyFromEnv: Node 24 and later), the dispatcher is an EnvHttpProxyAgent, which
 * keeps the plain Agent for its exceptions under a symbol.
 */
export function agentClass(): AgentClass | undefined {
  // Naming Response loads undici, which registers its dispatcher.
  if (typeof Response !== "function") return undefined;
  for (const version of [2, 1]) {
    const dispatcher: unknown = Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`));
    if (typeof dispatcher !== "object" || dispatcher === null) continue;
    const within = Object.getOwnPropertySymbols(dispatcher).map((symbol): unknown => Reflect.get(dispatcher, symbol));
    const agent = [dispatcher, ...within].find(isAgent);
    if (agent !== undefined) return agent.constructor as AgentClass;
  }
  return undefined;
}
