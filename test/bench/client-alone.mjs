/**
 * The MCP client by itself, over Node's HTTP client, with nothing but what the connection test asks: handshake, tools, end of the
 * session, control. What `doctor` takes beyond this is its own. Bundled by doctor.mjs as the product is; `{url, headers}` as JSON in CLIENT_ALONE.
 */
import { Agent, request } from "node:http";
import { TOKEN_HEADER } from "./by-hand.mjs";

Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
const agent = new Agent({ keepAlive: true });

function answerOf(status, type, body) {
  const header = (name) => (name === "content-type" ? type : null);
  return {
    status,
    ok: status < 300,
    headers: { get: header, has: header },
    json: async () => JSON.parse(body),
    text: async () => body,
  };
}

/** As much of `fetch` as the client's transport uses. */
function fetchByHttp(url, { method = "GET", headers, body } = {}) {
  if (method === "GET") return answerOf(405, null, "");
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers: Object.fromEntries(headers) }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (data) => (text += data));
      answer.on("end", () => {
        const data = /^data: ?(\{.*)$/m.exec(text)?.[1] ?? text;
        const reply = answerOf(answer.statusCode, "application/json", data);
        const get = (name) => (name === "mcp-session-id" ? (answer.headers[name] ?? null) : reply.headers.get(name));
        resolve({ ...reply, headers: { get, has: get } });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function walk(sdk, url, headers, mode) {
  const { Client, StreamableHTTPClientTransport } = sdk;
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: fetchByHttp, requestInit: { headers } });
  const jsonSchemaValidator = { getValidator: () => (data) => ({ valid: true, data }) };
  const client = new Client(
    { name: "client-alone", version: "1" },
    { versionNegotiation: { mode }, capabilities: {}, jsonSchemaValidator },
  );
  try {
    await client.connect(transport);
    const { tools } = await client.request({ method: "tools/list", params: {} });
    await transport.terminateSession();
    return tools.length > 0;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

async function run() {
  // only what is named here is bundled
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const sdk = { Client, StreamableHTTPClientTransport };
  const { url, headers } = JSON.parse(process.env.CLIENT_ALONE);
  const { [TOKEN_HEADER]: _, ...bare } = headers;
  const ok = (await walk(sdk, url, headers, "auto")) && !(await walk(sdk, url, bare, "legacy"));
  process.exit(ok ? 0 : 1);
}
run();
