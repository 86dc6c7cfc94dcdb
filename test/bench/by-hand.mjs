/**
 * The least that a person could type for a handshake, the tools and a control without the token: fetch, and nothing to catch what
 * goes wrong. As a program: `node by-hand.mjs`, with `{url, headers}` as JSON in the variable BY_HAND.
 */
export const TOKEN_HEADER = "X-CM-PRODUCTTOKEN";

/** A POST of JSON-RPC by fetch alone; its answer, be it JSON or an event stream. */
async function post(url, headers, body) {
  const accept = "application/json, text/event-stream";
  const response = await fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { ...headers, accept, "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", ...body }),
  });
  const text = await response.text();
  const data = /^data: ?(\{.*)$/m.exec(text)?.[1] ?? text;
  return { response, message: response.ok && data !== "" ? JSON.parse(data) : undefined };
}

export async function byHandOld(url, headers) {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "by-hand", version: "1" } };
  const initialize = { id: 1, method: "initialize", params };
  const { response, message } = await post(url, headers, initialize);
  const session = response.headers.get("mcp-session-id");
  const more = {
    "mcp-protocol-version": message.result.protocolVersion,
    ...(session && { "mcp-session-id": session }),
  };
  await post(url, { ...headers, ...more }, { method: "notifications/initialized" });
  const { message: list } = await post(url, { ...headers, ...more }, { id: 2, method: "tools/list", params: {} });
  const { [TOKEN_HEADER]: _, ...bare } = headers;
  const { response: control } = await post(url, bare, initialize);
  return list.result.tools.length > 0 && control.status === 401;
}

/** 2026-07-28: no handshake but the discovery; the protocol stands in headers and in the message. */
export async function byHandNew(url, headers) {
  const protocol = "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": protocol,
    "io.modelcontextprotocol/clientInfo": { name: "by-hand", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const ask = (method, id, sent) =>
    post(url, { ...sent, "mcp-protocol-version": protocol, "mcp-method": method }, { id, method, params: { _meta } });
  const { message: found } = await ask("server/discover", 1, headers);
  const { message: list } = await ask("tools/list", 2, headers);
  const { [TOKEN_HEADER]: _, ...bare } = headers;
  const { response: control } = await ask("tools/list", 3, bare);
  return found.result.supportedVersions.includes(protocol) && list.result.tools.length > 0 && control.status === 401;
}

if (process.env.BY_HAND !== undefined) {
  const { url, headers } = JSON.parse(process.env.BY_HAND);
  byHandOld(url, headers).then((ok) => {
    process.exit(ok ? 0 : 1);
  });
}
