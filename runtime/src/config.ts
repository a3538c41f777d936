/** `sshrpc/config`: config files of the command `sshrpc`. */

export { type ConfigFile, type ConfigRequest, loadConfig } from "./cli/config/load-config.js";
export { settingsOf } from "./cli/config/settings.js";
export {
  type Config,
  defineConfig,
  type GenConfig,
  type LintConfig,
  type ServeConfig,
  type ServerConfig,
} from "./cli/define-config.js";
