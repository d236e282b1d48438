import type { TechniqueName } from '../techniques.ts';
import type { CommandAct } from '../text/command-act.ts';

/** What is told of each. */
export const TOLD: Readonly<Record<CommandAct, readonly [TechniqueName, string]>> = {
  fetched: ['notebook-shell', 'fetches a program and runs it'],
  installer: ['installer', 'fetches an installer and runs it'],
  decoded: ['hidden-code', 'decodes commands and runs them'],
  'shell-elsewhere': ['shell-elsewhere', 'hands a shell to another machine'],
  connects: ['shell-elsewhere', 'hands a shell to another machine'],
  'sent-away': ['secrets-sent', 'sends secrets or all variables to another machine'],
  destroys: ['files-destroyed', 'removes all that a person or machine has'],
  'key-planted': ['shell-elsewhere', 'lets another key sign in to this machine'],
  stays: ['config-code', 'has commands run again later by themselves'],
  disguised: ['hidden-code', 'runs a file that is called like a picture or font'],
};

/** What is told only of commands that run by themselves: people and pipelines do it, and see it. */
export const OF_ITSELF: ReadonlySet<CommandAct> = new Set(['connects', 'disguised', 'key-planted', 'stays']);
