/** Folders of editors and agents in a project, without the dot before them: alternatives of a pattern. */
export const AGENT_FOLDERS =
  'claude|claude-plugin|gemini|qwen|codex|cursor|kiro|roo|windsurf|zed|amazonq|continue|factory|augment|opencode|vscode|amp|crush|goose|junie|kilocode|trae|cline';
