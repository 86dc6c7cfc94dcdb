/** What an attacker wrote so that a secret is not seen, and what only looks like one: each row was wrong once. */
import { ALL, drawn, guid, HEX } from "./secrets.ts";

type Server = Readonly<Record<string, unknown>>;
/** A title, and the server of a `.mcp.json` that holds the secret of this number. */
export type Row = readonly [title: string, server: (seed: number) => Server];

const hex = (n: number, length = 32): string => drawn(length, HEX, n);
const ghp = (n: number): string => `ghp_${drawn(36, ALL, n)}`;
const any = (n: number, length = 12): string => `${drawn(length - 4, ALL, n)}k7Qz`;
const header = (name: string, value: string): Server => ({
  type: "http",
  url: "https://mcp.example.net/mcp",
  headers: { [name]: value },
});
const env = (name: string, value: string): Server => ({ command: "x", env: { [name]: value } });
const args = (...list: readonly string[]): Server => ({ command: "x", args: list });
const url = (value: string): Server => ({ type: "http", url: value });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const NAMES =
  "API_KEYS TOKENS API_KEY_1 API_KEY_PROD TOKEN_VALUE DBPASS ACCESSKEY SECRETKEY CLIENT_SECRET_ID MYSQL_PWD GH_TOKEN2 PRIVATE_KEY_BASE64 SECRET_ACCESS_KEY STORAGE_ACCOUNT_KEY WEBHOOK_SIGNING_SECRETS SESSION_COOKIE".split(
    " ",
  );

export const ATTACKS: readonly Row[] = [
  ["a host inside of a network", (n) => args(`postgresql://app:${any(n)}@db.prod.acme.internal:5432/shop`)],
  ["a browser's token of Slack", (n) => env("SLACK", `xoxc-${drawn(30, ALL, n)}`)],
  ["token before a reference", (n) => header("X-CM-PRODUCTTOKEN", `${guid(n)}\${X}`)],
  ["token after a reference", (n) => header("Authorization", `\${PRE}${hex(n)}`)],
  ["token after a default", (n) => header("Authorization", `Bearer \${T:-x}${hex(n)}`)],
  ["token between references", (n) => env("A_TOKEN", `\${A}${hex(n)}\${B}`)],
  ["token in another client's reference", (n) => env("A_TOKEN", `{env:A}${hex(n)}$(B)`)],
  ["token parted by a reference", (n) => env("A_TOKEN", `${hex(n, 10)}\${B}${hex(n + 1, 10)}`)],
  ["token parted by many references", (n) => env("A_TOKEN", [...hex(n)].join("${X}"))],
  ["a header that is all name", (n) => header(`Authorization: Bearer ${ghp(n)}`, "x")],
  ["a header that is all name, opaque", (n) => header(`Authorization: Bearer ${hex(n)}`, "x")],
  ...NAMES.map((name): Row => [`variable ${name}`, (n) => env(name, hex(n))]),
  ["a cookie", (n) => header("Cookie", `session=${hex(n)}`)],
  ["a cookie among others", (n) => header("Cookie", `theme=dark; sid=${any(n, 24)}; a=b`)],
  ["-k", (n) => args("-k", hex(n))],
  ["-k in one", (n) => args(`-k=${hex(n)}`)],
  ["signs in a password", () => env("PGPASSWORD", ["xk#", "9Lm$", "2Pq"].join(""))],
  ["signs in a password, longer", (n) => env("DB_PASSWORD", `${drawn(3, ALL, n)}!7b&${drawn(3, ALL, n + 1)}-Q2`)],
  ["a word with a year and a sign", () => env("DB_PASSWORD", ["Winter", "2024!"].join(""))],
  ["like a path", () => env("PASSWORD", ["/aB3x9", "QkLm2"].join(""))],
  ["like a path in folders", (n) => env("PASSWORD", `/${drawn(9, ALL, n)}k7Q/${drawn(9, ALL, n + 1)}3Qx`)],
  ["like a number", (n) => env("API_KEY", `1.${hex(n)}`)],
  ["like a version", (n) => env("CLOUDFLARE_API_TOKEN", `v1.0-${hex(n)}-${hex(n + 1, 40)}`)],
  ["like a file", (n) => env("SECRET", `${hex(n)}.key`)],
  ["like a mail address", () => env("PASSWORD", ["P4ssQ9x", "!@acme.com"].join(""))],
  ["like a package", (n) => env("SECRET", `@${hex(n)}/a`)],
  ["like a digest", (n) => env("API_KEY", `md5-${drawn(24, ALL, n)}`)],
  ["another scheme", (n) => header("Authorization", `Api-Key ${hex(n)}`)],
  ["a scheme nobody knows", (n) => header("Authorization", `SharedKey ${any(n, 32)}`)],
  ["scheme with parameters", (n) => header("Authorization", `Token token="${hex(n)}"`)],
  ["a blank in the middle", (n) => env("API_KEY", `${hex(n, 16)} ${hex(n + 1, 16)}`)],
  ["in odd brackets", (n) => header("X-API-Key", `‹${hex(n)}>`)],
  ["in angle brackets", (n) => header("X-API-Key", `<${hex(n)}>`)],
  ["in braces", (n) => header("X-API-Key", `{${hex(n)}}`)],
  ["in square brackets", (n) => header("X-API-Key", `[${hex(n)}]`)],
  ["with a line's end", (n) => env("API_KEY", `${hex(n, 16)}\n${hex(n + 1, 16)}`)],
  ["behind a line's end", (n) => env("API_KEY", `x\n${hex(n)}\n`)],
  ["filler in a known format", (n) => env("A", `ghp_${drawn(16, ALL, n)}xxxx${drawn(16, ALL, n + 1)}`)],
  ["filler in hex", (n) => env("API_KEY", `${hex(n, 12)}00000000${hex(n + 1, 12)}`)],
  ["a word in a known format", (n) => env("A", `sk-proj-${drawn(20, ALL, n)}-here-${drawn(20, ALL, n + 1)}`)],
  ["a known format in a row", () => env("A", ["ghp_A1b2C3xxxx", "4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].join(""))],
  ["a private key of a chain", (n) => env("TOKEN", `0x${hex(n, 64)}`)],
  ["a shell line, second", (n) => args("-c", `A=1 API_KEY='${hex(n, 20)}' npx foo`)],
  ["a list in a string", (n) => env("CONFIG", JSON.stringify([{ token: hex(n) }]))],
  ["JSON twice", (n) => env("CONFIG", JSON.stringify(JSON.stringify({ apiKey: hex(n) })))],
  ["JSON twice, inside", (n) => args(`{\\"apiKey\\":\\"${hex(n)}\\"}`)],
  ["JSON with a list", (n) => env("CONFIG", `{"tokens":["${hex(n)}"]}`)],
  ["code of Azure", (n) => url(`https://x.azurewebsites.net/mcp?code=${drawn(52, ALL, n)}%3D%3D`)],
  ["a parameter in brackets", (n) => url(`https://x.example.net/?auth[token]=${hex(n)}`)],
  ["a webhook of Zapier", (n) => url(`https://hooks.zapier.com/hooks/catch/${drawn(7, "123456789", n)}/${any(n, 7)}/`)],
  ["mcp of Zapier", (n) => url(`https://mcp.zapier.com/api/mcp/s/${base64(guid(n))}/mcp`)],
  ["mcp of Make", (n) => url(`https://eu2.make.com/mcp/api/v1/u/${guid(n)}/sse`)],
  ["a webhook of Make", (n) => url(`https://hook.eu2.make.com/${any(n, 32).toLowerCase()}`)],
  [
    "a webhook of Discord",
    (n) => url(`https://discord.com/api/webhooks/${drawn(18, "123456789", n)}/${drawn(68, ALL, n)}`),
  ],
  ["a host without a dot", () => env("DATABASE_URL", ["postgres://admin:Kj8s7Dh2", "mQp9@dbhost/"].join(""))],
  [
    "connection of Azure",
    (n) => env("AZURE_STORAGE", `AccountName=a;AccountKey=${drawn(86, ALL, n)}==;EndpointSuffix=core.windows.net`),
  ],
  ["connection with a password", () => env("DB", ["Server=db;User Id=sa;Password=Kj8s7", "Dh2mQp9;"].join(""))],
  ["connection of psql", () => env("DB", ["host=db user=a password=Kj8s7", "Dh2mQp9"].join(""))],
  ["behind 17,000 blanks", (n) => env("A_TOKEN", `${" ".repeat(17_000)}${hex(n)}`)],
  ["behind 17,000 blanks, known", (n) => env("A", `${" ".repeat(17_000)}${ghp(n)}`)],
  ["behind 40,000 letters", (n) => args(`${"a ".repeat(20_000)}--api-key=${hex(n)}`)],
  ["before 17,000 blanks", (n) => header("Authorization", `Bearer ${hex(n)}${" ".repeat(17_000)}`)],
  ["a private format under a public name", (n) => env("NEXT_PUBLIC_API_KEY", ghp(n))],
  ["a service role under a public name", (n) => env("VITE_SUPABASE", `sb_secret_${drawn(31, ALL, n)}`)],
];

/** Files that hold a secret in another place than a server. */
export const ATTACK_FILES: readonly (readonly [title: string, path: string, text: (seed: number) => string])[] = [
  ["a server's name", ".mcp.json", (n) => `{"mcpServers":{"${ghp(n)}":{"command":"x"}}}`],
  [
    "too deep",
    ".mcp.json",
    (n) => `{"mcpServers":{"a":${'{"a":'.repeat(5000)}{"token":"${hex(n)}"}${"}".repeat(5002)}`,
  ],
  [
    "a list too deep",
    ".mcp.json",
    (n) => `{"mcpServers":{"a":{"args":${"[".repeat(5000)}"${ghp(n)}"${"]".repeat(5000)}}}}`,
  ],
  ["an example with a sign", ".env.example", (n) => `export API_KEYS=${hex(n)} # ours\n`],
];

/** Variables whose values are examples, names, paths and the like, as `NAME=value`. */
const VARIABLES = `
SECRET=@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/a/)
ICON=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
ICON=data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
MAX_TOKEN=128k-tokens MAX_TOKENS=128000-tokens-16k AUTH=AzureAD-v2.0 API_KEY=abcdef123456
API_KEY=a1b2c3d4e5f6 SECRET=SECRET_GOES_IN_1PASSWORD API_KEY=dummyKey1234x SSH_KEY=ssh-ed25519
PRIVATE_KEY=0xYOUR_PRIVATE_KEY SECRET=vault:secret/data/app#token API_KEY=test-api-key-1234
SECRET_NAME=prod/my-app/db DB_SECRET=my-release-postgresql SIGNING_KEY=alias/my-key-2
PRIVATE_KEY=certs/server-2.key SSH_KEY=~/.ssh/id_ed25519
TOKEN=/run/secrets/kubernetes.io/serviceaccount/token AUTH=https://login.example.net/oauth2/v2.0/token
GMAIL_AUTH=jane.doe2@example-company.com AUTH_SCOPE=https://www.googleapis.com/auth/drive.readonly
SECRETS=db-password,api-token,jwt-signing-key KEYS=id,name,created_at,updated_at
TOKENIZER=claude-sonnet-4-5-20250929 TOKEN_MODEL=cl100k_base
DATABASE_URL=postgres://postgres:postgres@db:5432/app DATABASE_URL=postgres://app:app_password@db:5432/app
A_TOKEN=\${HOME}/.config/tool-2/credentials.v2 TOKEN_URL=https://\${HOST}/oauth2/v2.0/token
API_KEY=<your-api-key-v2> OPENAI_API_KEY=sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
OPENAI_API_KEY=sk-ant-api03-your-key-here-0000000000000 API_KEY=YOUR_API_KEY_V2
GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx1234 SORT_KEY=created_at2_desc KEYBOARD=us-intl-v2x3
`;

export const INNOCENT: readonly Row[] = [
  ...(VARIABLES.match(/\S+/g) ?? []).map((line): Row => {
    const [name = "", ...value] = line.split("=");
    return [line, () => env(name, value.join("="))];
  }),
  ["a reference of 1Password", () => header("X-CM-PRODUCTTOKEN", "op://Team/HALO/token")],
  ["the ID of a file", (n) => env("FIGMA_FILE_KEY", drawn(22, ALL, n))],
  ["a key for searches", (n) => env("ALGOLIA_SEARCH_API_KEY", hex(n))],
  ["PostHog's key of a project", (n) => env("POSTHOG_KEY", `phc_${drawn(43, ALL, n)}`)],
  [
    "Supabase's key for everybody",
    (n) => env("NEXT_PUBLIC_SUPABASE_ANON_KEY", `eyJ${drawn(33, ALL, n)}.eyJ${drawn(90, ALL, n)}.${drawn(43, ALL, n)}`),
  ],
  [
    "Supabase's key for everybody, by its role",
    (n) =>
      env(
        "SUPABASE_ANON_KEY",
        `${base64('{"alg":"HS256","typ":"JWT"}').replace(/=/g, "")}.${base64(`{"iss":"supabase","ref":"${drawn(20, "abcdefgh", n)}","role":"anon"}`).replace(/=/g, "")}.${drawn(43, ALL, n)}`,
      ),
  ],
  ["Firebase's key", (n) => env("NEXT_PUBLIC_FIREBASE_API_KEY", `AIza${drawn(35, ALL, n)}`)],
  ["a name of Vite", (n) => env("VITE_MAP_TOKEN", drawn(32, ALL, n))],
  ["Mapbox's public token", (n) => env("MAPBOX_ACCESS_TOKEN", `pk.eyJ${drawn(50, ALL, n)}.${drawn(22, ALL, n)}`)],
  ["Stripe's public key", (n) => env("STRIPE_KEY", `pk_live_${drawn(40, ALL, n)}`)],
  ["idempotency", (n) => header("Idempotency-Key", guid(n))],
  ["a contract's address", (n) => env("TOKEN", `0x${hex(n, 40)}`)],
  ["a mint", (n) => env("TOKEN_MINT", `EPj${any(n, 41)}`)],
  ["documentation: my token", () => header("Authorization", "Bearer mytoken123abc")],
  ["documentation: a sequence in a header", () => header("X-API-Key", "a1b2c3d4-e5f6-7890-abcd-ef1234567890")],
  ["scopes", () => env("OAUTH_TOKEN_SCOPES", "read:user write:org repo:status")],
  ["a kind of login", () => args("--auth", "oauth2-client-credentials")],
  ["curl's -k", () => args("-k", "https://localhost:8443/mcp")],
  ["-k with a number", () => args("-k", "10", "-k", "playwright-test-name")],
  ["a public cookie", () => header("Cookie", "theme=dark; lang=de_DE; consent=2024-01-01")],
  ["an address with an ID", (n) => url(`https://x.example.net/mcp?config=default&code=de_DE&id=${hex(n)}`)],
  ["a country's code", () => url("https://x.example.net/mcp?code=NL-2024")],
  [
    "base64 of a configuration",
    () => url(`https://server.smithery.ai/x/mcp?config=${base64('{"debug":false,"mode":"readonly"}')}`),
  ],
  ["a connection by reference", () => env("DB", "Server=db;User Id=sa;Password=${DB_PASSWORD};")],
  ["a connection of examples", () => env("DB", "Server=db;User Id=sa;Password=yourStrong(!)Password;")],
  ["references in a row", () => header("Authorization", "Bearer ${PREFIX_1}-${TOKEN_2}.${SIGNATURE}")],
  ["a reference and words", () => header("Authorization", "Bearer ${TOKEN} (from Settings > API tokens)")],
  ["a sentence", () => env("API_KEY", "get one at https://example.net/settings/tokens and export it")],
  ["a placeholder in brackets", () => env("API_KEY", "[API key of https://x.example.net]")],
  ["public by name", (n) => env("PUBLIC_API_KEY", drawn(32, ALL, n))],
  ["a public name of Expo", (n) => env("EXPO_PUBLIC_API_KEY", drawn(32, ALL, n))],
  ["a public name of React", (n) => env("REACT_APP_MAPS_KEY", `AIza${drawn(35, ALL, n)}`)],
  ["a key's ID", (n) => env("APPLE_KEY_ID", hex(n, 10).toUpperCase())],
  ["a key's fingerprint", (n) => env("KEY_FINGERPRINT", hex(n, 40))],
  ["a token's count", () => args("--max-tokens", "4096", "--token-budget", "128k-ctx")],
  [
    "a shell line with references",
    () => args("-c", 'API_KEY="$API_KEY" TOKEN=$(op read op://dev/it/token-v2) npx foo'),
  ],
  ["a line with flags", () => args("-c", "npx foo --key-file ./a2/b3.pem --token-type=Bearer2")],
];
