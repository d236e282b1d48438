/**
 * The control plane and composition root: opens an installation, wires every part to the others, serves the HTTP
 * API and runs the gateway.
 *
 * Call first: {@link startServer}, or {@link openControl} for a command without a server.
 * Do not trust it with: being reachable from a network without TLS. It refuses to.
 */

export { LISTENER_OPTIONS, Listener } from '@sallyport/access';
export { openApiDocument } from './app.ts';
export { classifierServer } from './classifier.ts';
export { loadConfig, resolveSecret } from './config-file.ts';
export { type Control, openControl } from './control.ts';
export { controlSocketPath } from './control-socket.ts';
export { configExposure, type Exposure, exposure } from './exposure.ts';
export { defaultVerdict, GuardDesk } from './guard-desk.ts';
export { readGuardModels } from './guard-models.ts';
export { unforeseen } from './log.ts';
export { type LoadedRules, readRules } from './rules-folder.ts';
export { credentialsOf, type NamedCredential, remedyOf } from './secrets/credentials.ts';
export { type RunningServer, type ServerOptions, startServer } from './server.ts';
