import { type Chapter, met, notMet } from './answer.ts';

/** V13: configuration. */
export const CONFIGURATION: Chapter = {
  id: 'V13',
  title: 'Configuration',
  requirements: [
    [
      '13.1.1',
      2,
      'what is spoken to is documented',
      met(
        'also where people may name places',
        'docs/DATA.md',
        '## Connections',
        'docs/LIFECYCLE.md',
        '## The way out',
        'docs/VAULT.md',
        '## Secrets of AI systems',
      ),
    ],
    [
      '13.2.1',
      2,
      'services authenticate with what does not last',
      notMet(
        'workloads have keys of minutes; AI systems and databases are asked with keys that last as long as their issuers say',
        'server/workloads',
        'a job trades its token for a key that lives for minutes and may what its service account may',
      ),
    ],
    [
      '13.2.2',
      2,
      'accounts of services have few rights',
      notMet(
        'the one account of PostgreSQL makes tables, too; scans run apart, without secrets',
        'scan/apart',
        'sees no secret of who started it',
      ),
    ],
    [
      '13.2.3',
      2,
      'no default credentials',
      met(
        'there are none: a link that works once, and references to secrets',
        'server/control',
        'the set-up link works once; passwords need length; the session opens the API',
        'cli/cli',
        'sallyport.yaml: unknown keys, secrets in the clear and open listeners without TLS are refused',
      ),
    ],
    [
      '13.2.4',
      2,
      'a list of what may be called',
      met(
        'systems, secrets and third parties each by origin',
        'server/published-failures',
        'a caller chooses the host that is called (CVE-2025-66405, and proxy routes)',
        'server/references',
        'a value goes to the origin that it was bound to, and elsewhere only when a second person agreed',
        'server/integrations',
        'a system elsewhere without a manifest is not called where one is required',
      ),
    ],
    [
      '13.2.5',
      2,
      'a list of what the server may load',
      met(
        'secrets and files that the configuration allows',
        'server/references',
        'resolve nothing that the configuration does not allow: no file, no variable of the machine',
      ),
    ],
    [
      '13.3.1',
      2,
      'secrets are managed, and in no source',
      met(
        'a ring of keys under a root apart; secrets of others by reference',
        'server/vault',
        'goes from one keeper of the root to another, and back, and opens with the present one alone',
        'cli/cli',
        'sallyport.yaml: unknown keys, secrets in the clear and open listeners without TLS are refused',
      ),
    ],
    [
      '13.3.2',
      2,
      'few reach secrets',
      met(
        'people with a fresh proof; the file of the root by its owner',
        'server/vault',
        'asks whoever changes keys for a fresh proof, and shows operators no more than the list',
        'server/root-key',
        'KEY-01 falls while the server runs, and the doctor says why, when the root key is opened to others, moved',
      ),
    ],
    [
      '13.4.1',
      1,
      'no version control within reach',
      met(
        'the built console alone is served',
        'server/console-files',
        'are no others, and no lists of them: neither of version control, nor beside, nor above',
      ),
    ],
    [
      '13.4.2',
      2,
      'no debug modes',
      met(
        'there are none; faults are told by a code',
        'server/boundaries',
        'what crosses a boundary is answered in words, leaks nothing and stops nothing',
      ),
    ],
    [
      '13.4.3',
      2,
      'no lists of folders',
      met(
        'none',
        'server/console-files',
        'are no others, and no lists of them: neither of version control, nor beside, nor above',
      ),
    ],
    [
      '13.4.4',
      2,
      'no TRACE',
      met(
        'on neither listener',
        'server/browser-answers',
        'TRACE is answered by neither listener, and says nothing back',
      ),
    ],
    [
      '13.4.5',
      2,
      'monitoring and documents are open on purpose',
      met(
        'health, counts without names, the description of the API',
        'docs/ACCESS.md',
        '## Metrics',
        'server/control',
        'health, readiness and metrics are open; nothing else is',
      ),
    ],
  ],
};
