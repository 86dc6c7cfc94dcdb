/** Published formats (gitleaks, GitHub, the vendors, 2026). They are joined into one, so no group captures. */
export const FORMATS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})/],
  ["a GitLab token", /\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent)-[A-Za-z0-9_-]{16,255}/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{30,64}/],
  ["a PyPI token", /\bpypi-[A-Za-z0-9_-]{32,255}/],
  ["a Slack token", /\b(?:(?:xox[a-ceoprs]|xapp)-[A-Za-z0-9-]{10,255}|xoxd-[\w%/+=.-]{10,255})/],
  ["a Slack webhook", /hooks\.slack\.com\/(?:services|workflows)\/T[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9]{16,}/],
  ["an AWS access key", /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/],
  ["a Google API key", /\bAIza[\w-]{35}/],
  ["a Google key", /\b(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{20,})/],
  ["a Stripe key", /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|\bwhsec_[A-Za-z0-9]{24,}/],
  ["a SendGrid key", /\bSG\.[\w-]{16,}\.[\w-]{16,}/],
  ["a JSON web token", /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ["an API key", /\bsk-(?=[\w-]{0,255}\d)(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-|lf-)?[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:gsk_|xai-|pplx-|r8_|hf_|nvapi-|tvly-(?:dev-|prod-)?|ctx7sk-)[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:fc-|jina_|phx_|lin_api_|figd_|sntry[su]_|glsa_|PMAK-|dop_v1_|sbp_)[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:sb_secret_|shp(?:at|ca|pa|ss)_|dapi|napi_|rnd_)[A-Za-z0-9_-]{20,255}/],
  ["a Notion token", /\b(?:ntn_|secret_)[A-Za-z0-9]{40,60}\b/],
  ["an Airtable token", /\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,64}/],
  ["an Atlassian token", /\bATATT3[A-Za-z0-9_=-]{20,255}/],
  ["a Vault token", /\bhv[sb]\.[\w-]{20,255}/],
  ["a Telegram bot's token", /\b\d{8,10}:AA[\w-]{32,34}\b/],
  // Zapier's addresses are keys ("treat it like a password", help.zapier.com)
  ["a secret address", /(?<=\bmcp\.zapier\.com\/api\/mcp\/[as]\/)[\w=+-]{24,255}/],
  ["a secret address", /(?<=\bhooks\.zapier\.com\/hooks\/catch\/\d{4,12}\/)[a-zA-Z0-9]{6,64}/],
  // Make, Discord, Teams and Pipedream: anyone who has the URL can call it
  ["a secret address", /(?<=\bmake\.com\/mcp\/(?:api\/v1\/u\/)?)[0-9a-fA-F-]{32,64}/],
  ["a secret address", /(?<=\bhook\.[\w.]{0,16}(?:make|integromat)\.com\/)[a-zA-Z0-9]{20,64}/],
  ["a secret address", /(?<=\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d{15,20}\/)[\w-]{60,80}/],
  ["a secret address", /(?<=\bwebhook\.office\.com\/webhookb2\/[\w@-]{36,80}\/IncomingWebhook\/)[0-9a-fA-F]{32}/],
  ["the key of an Azure function", /(?<=[?&]code=)[\w%=-]{40,512}/],
  ["a secret in a URL", /(?<=\/[\w.-]{0,64}(?:token|secret|password|api[-_]?key)s?\/)[\w.~%=+-]{8,512}/],
  ["a secret address", /(?<=\bmcp\.pipedream\.net\/)[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}/],
];

/** These formats also have public keys: Firebase's app key, Supabase's site key. */
export const MAYBE_PUBLIC: ReadonlySet<string> = new Set(["a Google API key", "a JSON web token"]);

/** Public whatever it is called: keys made for everybody (PostHog, Stripe, Mapbox), addresses, pictures, digests. */
export const PUBLIC_FORM =
  /^(?:phc_|pk_(?:live|test)_|pk\.eyJ|0x[0-9a-f]{40}$|data:|iVBORw0KGgo|\/9j\/4AA|R0lGOD|PHN2Zy|[a-z][a-z0-9+.-]*:\/\/)|^(?:sha(?:1|256|384|512)[-:][a-z0-9+/_=-]+|md5[-:][0-9a-f]{32})$|@sha256:[0-9a-f]{64}$/i;
