/** The shapes of Claude Code's settings: it skips a file with one value that does not fit (2.1.332, measured). */
import type { Container, Node } from "../formats/json.ts";
import { isObjectNode, member, textOf, winners } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Misfit, Shape } from "./shapes.ts";
import { boolean, either, filled, leaf, list, number, object, oneOf, record, string, wholeAbove0 } from "./shapes.ts";

/**
 * A shape, maybe the key above, then the keys. `a.b`: a key of an object; `a[]`: an item of a list; `a.*`: any key; `a!`: it must
 * be there. Keys that are not here may have any value: they are unknown, ignored alone, or of managed settings.
 */
const TABLE = `
boolean: respectGitignore wslInheritsWindowsSettings includeCoAuthoredBy includeGitInstructions disableAllHooks disableReplyCheck
boolean: workflowKeywordTriggerEnabled bashEditDiffEnabled respondToBashCommands allowAllClaudeAiMcps allowClaudeInChromeWithManagedMcp
boolean: allowNestedModelAccessUnderForceLogin forceRemoteSettingsRefresh spinnerTipsEnabled clawdFileProgressEnabled
boolean: syntaxHighlightingDisabled terminalTitleFromRename alwaysThinkingEnabled fastMode promptSuggestionEnabled emojiCompletionEnabled
boolean: awaySummaryEnabled showClearContextOnPlanAccept prefersReducedMotion doneMeansMerged totalTokensReminderAfterUserTurn
boolean: autoMemoryEnabled autoDreamEnabled showThinkingSummaries verbose autoCompactEnabled precomputeCompactionEnabled idleCompaction
boolean: switchModelsOnFlag autoScrollEnabled wheelScrollAccelerationEnabled showTurnDuration showMessageTimestamps
boolean: terminalProgressBarEnabled todoFeatureEnabled inputNeededNotifEnabled agentPushNotifEnabled voiceEnabled axScreenReader
boolean: statusLine.hideVimModeIndicator breakReminder.enabled quietHours.enabled voice.enabled voice.autoSubmit
boolean: remoteTools.allowUnattendedServing attribution.sessionUrl autoMode.classifyAllShell
boolean permissions: blockReadsOutsideWorkingDirectories blockFileToolReadsOutsideWorkingDirectories blockWritesOutsideWorkingDirectories
boolean permissions: denyInsteadOfPrompting
boolean sandbox: enabled failIfUnavailable autoAllowBashIfSandboxed allowUnsandboxedCommands enableWeakerNestedSandbox allowAppleEvents
boolean sandbox: allowNestedUserNamespaces enableWeakerNetworkIsolation filesystem.allowManagedReadPathsOnly filesystem.disabled
boolean sandbox: credentials.allowPlaintextInject
boolean sandbox.network: strictAllowlist allowManagedDomainsOnly allowAllUnixSockets allowLocalBinding
boolean|null: syncClaudeAiSkills syncClaudeAiPlugins enforceAvailableModels enableAllProjectMcpServers disableClaudeAiConnectors
boolean|null: disableBundledSkills disableDirectMcpSkills disableAgentView disableRemoteControl disableWorkflows disableArtifact
boolean|null: enableArtifact enableWorkflows disableSkillShellExecution disableWindowsBashCommandSplit allowManagedHooksOnly
boolean|null: allowManagedPermissionRulesOnly allowManagedMcpServersOnly disableCommandPluginSources disableSideloadFlags
boolean|null: skipWebFetchPreflight fastModePerSessionOptIn responseComparisonEnabled channelsEnabled skipDangerousModePermissionPrompt
boolean|null: skipWorkflowUsageWarning autoContinueAtUsageLimit fileCheckpointingEnabled remoteControlAtStartup isolatePeerMachines
boolean|null: autoUploadSessions skipAutoPermissionPrompt useAutoModeDuringPlan
string: $schema apiKeyHelper proxyAuthHelper awsCredentialExport awsAuthRefresh gcpAuthRefresh processWrapper attributionProject model
string: modelCatalogUrl modelCatalogPublicKey prUrlTemplate otelHeadersHelper outputStyle language advisorModel agent minimumVersion
string: requiredMinimumVersion requiredMaximumVersion downloadsMirrorUrl plansDirectory timeFormat timeZone autoMemoryDirectory claudeMd
string: pluginTrustMessage fileSuggestion.command! statusLine.command! attribution.commit attribution.pr breakReminder.message
string: remote.defaultEnvironmentId modelOverrides.* sandbox.ripgrep.command!
string sshConfigs[]: id! name! sshHost! sshIdentityFile startDirectory
string allowedChannelPlugins[]: marketplace! plugin!
filled sandbox: credentials.files[].path! credentials.envVars[].name! network.tlsTerminate.caCertPath network.tlsTerminate.caKeyPath
string[]: fallbackModel availableModels allowedHttpHookUrls httpHookAllowedEnvVars pluginSuggestionMarketplaces companyAnnouncements
string[]: claudeMdExcludes permissions.additionalDirectories worktree.symlinkDirectories worktree.sparsePaths spinnerVerbs.verbs!
string[] autoMode: allow soft_deny hard_deny environment
string[] sandbox: excludedCommands ripgrep.args ignoreViolations.* filesystem.allowWrite filesystem.denyWrite filesystem.denyRead
string[] sandbox: filesystem.allowRead
string[] sandbox.network: allowedDomains deniedDomains allowUnixSockets allowMachLookup
string[]|name: enabledMcpjsonServers disabledMcpjsonServers
string[]|string: forceLoginOrgUUID
string[]|boolean: enabledPlugins.*
string[]|string|number|boolean pluginConfigs.*: options.* mcpServers.*.*
any: env.* permissions.allow[] permissions.deny[] permissions.ask[]
boolean: attribution
null: strictKnownMarketplaces allowedMarketplaces blockedMarketplaces @guard
any: strictKnownMarketplaces[].source! allowedMarketplaces[].source! blockedMarketplaces[].source!
whole>0: cleanupPeriodDays skillListingMaxDescChars totalTokensReminderBudget breakReminder.intervalMinutes
whole>0: breakReminder.breakThresholdMinutes
number: statusLine.padding sandbox.network.httpProxyPort sandbox.network.socksProxyPort
whole: sshConfigs[].sshPort
whole>=0: desktopSessionCleanupPeriodDays
share: feedbackSurveyRate
fraction: skillListingBudgetFraction
time quietHours: start end
"acceptEdits"|"auto"|"bypassPermissions"|"default"|"dontAsk"|"manual"|"plan" permissions: defaultMode
"disable" permissions: disableBypassPermissionsMode disableAutoMode
"disable"|null: disableDeepLinkRegistration disableAutoMode
"first-wins"|"merge": parentSettingsBehavior managedSourcesBehavior
"command": statusLine.type! fileSuggestion.type!
"on"|"name-only"|"user-invocable-only"|"off": skillOverrides.*
"notify"|"quiet"|"off"|null: feedbackDrafts
"append"|"replace": spinnerVerbs.mode!
"chat"|"transcript": defaultView
"bash"|"powershell": defaultShell
"unrestricted"|"small"|"medium"|"large": workflowSizeGuideline
"latest"|"stable"|"rc": autoUpdatesChannel
"default"|"fullscreen": tui
"off"|"infinite"|"fixed"|"countdown"|"padded-countdown": totalTokensReminder
"transient"|"ask": daemonColdStart
"hold"|"tap" voice: mode
"fresh"|"head" worktree: baseRef
"sandboxuser"|"mxc" sandbox.windows: backend
"deny"|"passthrough" sandbox.credentials.sigv4: streaming presigned sigv4a
"deny"|"mask" sandbox.credentials: files[].mode! envVars[].mode!
string @guard[]: matcher
hook @guard[]: hooks[]!
string @hook: if statusMessage
boolean @hook: once
number>0 @hook: timeout
string @command: command!
filled @command: rewakeMessage rewakeSummary
string[] @command: args
boolean @command: async asyncRewake holdsTools
"bash"|"powershell" @command: shell
"continue"|"block": @command.onFailure @http.onFailure
string: @prompt.prompt! @prompt.model @agent.prompt! @agent.model @mcp_tool.server! @mcp_tool.tool!
boolean @prompt: continueOnBlock
any @mcp_tool: input.*
url @http: url!
string @http: headers.*
string[] @http: allowedEnvVars`;

const LEAVES: Readonly<Record<string, Shape>> = {
  boolean,
  string,
  filled,
  "string[]": list("a list of strings", string),
  any: () => [],
  null: leaf("null", (node) => node.kind === "scalar" && node.value === null),
  // 2.1.332 reads a name alone as a list of it; 2.1.197 skips the file
  name: leaf("a name", (node) => /^[\w-]+$/.test(textOf(node) ?? "")),
  time: leaf('a time such as "22:00"', (node) => /^(?:[01]?\d|2[0-3]):[0-5]\d$/.test(textOf(node) ?? "")),
  url: leaf("a URL", (node) => URL.canParse(textOf(node) ?? "")),
  number: number("a number", () => true),
  "number>0": number("a number above 0", (value) => value > 0),
  whole: number("a whole number", Number.isSafeInteger),
  "whole>0": wholeAbove0,
  "whole>=0": number("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && value >= 0),
  fraction: number("a number above 0, up to 1", (value) => value > 0 && value <= 1),
  share: number("a number from 0 to 1", (value) => value >= 0 && value <= 1),
  hook: (node) => {
    const type = textOf(member(node, "type")?.value) ?? "";
    const types = ["command", "prompt", "agent", "http", "mcp_tool"];
    const own = types.includes(type) ? shapeOf(`@${type}`) : object({ type: oneOf(...types) }, "type");
    return [...own(node), ...shapeOf("@hook")(node)].filter(({ at }, index) => index === 0 || at !== "");
  },
};

export function rowsIn(line: string) {
  const [, words = "", above = "", keys = ""] = /^(\S+?)(?: (\S+))?: (.*)$/.exec(line) ?? [];
  const literals = words.split("|").filter((word) => word.startsWith('"'));
  const shapes = words.split("|").map((word) => {
    const shape = literals.includes(word) ? oneOf(...literals.map((each) => each.slice(1, -1))) : LEAVES[word];
    if (shape === undefined) throw new Error(`no shape "${word}": ${line}`);
    return shape;
  });
  return keys.split(" ").map((key) => ({ path: `${above}.${key}`.replace(/^\./, ""), fits: either(...shapes) }));
}
let rows: ReturnType<typeof rowsIn> | undefined;
/** Made when a file is judged: most repositories have no such file. */
export const allRows = () => (rows ??= TABLE.trim().split("\n").flatMap(rowsIn));

const built = new Map<string, Shape>();
/** The shape of the table at this path: its own, or that of the keys below it. */
function shapeOf(path: string): Shape {
  const shape = built.get(path) ?? build(path);
  built.set(path, shape);
  return shape;
}

function build(path: string): Shape {
  const all = allRows();
  const own = all.filter((row) => row.path === path || row.path === `${path}!`).map(({ fits }) => fits);
  // built when a file has such a key: the whole table takes 14 ms
  const later = (below: string) => (node: Node) => shapeOf(below)(node);
  if (all.some((row) => row.path.startsWith(`${path}[]`))) own.push(list("a list", later(`${path}[]`)));
  const prefix = path === "" ? "" : `${path}.`;
  const below = all.filter((row) => row.path.startsWith(prefix)).map((row) => row.path.slice(prefix.length));
  const keys = [...new Set(below.map((each) => each.split(/\.|\[\]/)[0] ?? ""))].filter((key) => !key.startsWith("@"));
  const plain = (key: string): string => key.replace(/!$/, "");
  if (keys.includes("*")) own.push(record("an object", later(`${prefix}*`)));
  else if (keys.length > 0) {
    const fields = Object.fromEntries(keys.map((key) => [plain(key), later(prefix + plain(key))]));
    const required = below.filter((each) => /^[^.]+!$/.test(each)).map((each) => plain(each).replace("[]", ""));
    own.push(object(fields, ...required));
  }
  return either(...own);
}

/** The events whose hooks guard permissions: one that cannot be loaded loses the file. Of other events it alone is ignored. */
const GUARDS = ["PreToolUse", "PermissionRequest", "PreSkillShellCommand"];
const isFilled = (node: Node): boolean =>
  node.kind === "scalar" ? node.value !== null : node.kind === "object" || node.entries.length > 0;

const EVENTS = '{"hooks": {"<event>": [{"hooks": […]}]}}';
const misplaced = (node: Node | undefined, at = ""): readonly Misfit[] =>
  node === undefined ? [] : [{ node, at, got: "in the wrong place", allowed: EVENTS }];
/** Hooks of GUARDS beside the key "hooks", or a level too deep. */
const guardIn = (node: Container): Node | undefined =>
  winners(node).find(({ key, value }) => GUARDS.includes(key) && isFilled(value))?.value;

const hooks: Shape = (node) => {
  if (node.kind === "scalar") return [];
  if (node.kind === "array") return misplaced(node.entries.find(({ value }) => isObjectNode(value))?.value);
  const own = member(node, "hooks")?.value;
  const isHook = own?.kind === "array" ? isFilled(own) : member(node, "matcher") !== undefined;
  if (own && own.kind !== "scalar" && (isHook || guardIn(own))) return misplaced(own, isHook ? "" : ".hooks");
  return winners(node).flatMap(({ key, value }) =>
    (GUARDS.includes(key) ? shapeOf("@guard")(value) : []).map((each) => ({ ...each, at: `.${key}${each.at}` })),
  );
};

/** A wrong marketplace is ignored alone, unless it names a kind of source that there is not. */
const SOURCES = "url github git npm file directory skills-dir hostPattern pathPattern settings".split(" ");
const marketplaces: Shape = (node) =>
  (isObjectNode(node) ? winners(node) : []).flatMap(({ key, value }) => {
    const kind = member(member(value, "source")?.value, "source")?.value;
    if (kind === undefined || textOf(kind) === undefined) return [];
    return oneOf(...SOURCES)(kind).map((each) => ({ ...each, at: `.${key}.source.source` }));
  });

/** What makes Claude Code skip a settings file as a whole; `at` is the key. */
export const settingsMisfits = once((root: Container): readonly Misfit[] => {
  const all = object({ hooks, extraKnownMarketplaces: marketplaces, additionalMarketplaces: marketplaces })(root);
  const misfits = [...shapeOf("")(root), ...all, ...misplaced(guardIn(root), ".hooks")];
  return misfits.map((each) => ({ ...each, at: each.at.slice(1) }));
});

/** Keys of the table, with dots between them: no secret, though a masker takes "PreToolUse" for a random text. */
export const isKeyPath = (text: string): boolean =>
  text
    .split(".")
    .every((key) => GUARDS.includes(key) || allRows().some(({ path }) => path.split(/[^\w$]+/).includes(key)));
