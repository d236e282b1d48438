import { row, type Technique } from './technique.ts';

/** What can be found in sources and logs. */
export const DISCOVERY_TECHNIQUES = {
  'secret-in-source': row(
    'secret',
    'suspicious',
    'high',
    'a secret in a file that is shared',
    ['CWE-798', 'LLM02:2025', 'AML.T0055'],
    'revoke it, then keep its successor in a vault and name it by reference',
  ),
  'possible-secret': row(
    'secret',
    'review',
    'medium',
    'what may be a secret in a file that is shared',
    ['CWE-798', 'LLM02:2025', 'AML.T0055'],
    'if it is one, revoke it and name its successor by reference',
  ),
  'unsanctioned-ai': row(
    'discovery',
    'review',
    'medium',
    'use of AI without a decision',
    ['LLM03:2025', 'ASI04', 'ASI10', 'AML.T0010'],
    'register it with an owner and let it go through the gateway, or have it stopped',
  ),
} as const satisfies Readonly<Record<string, Technique>>;
