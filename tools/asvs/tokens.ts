import { type Chapter, met, notApplicable } from './answer.ts';

const SIGNED = 'counts where the provider signed it, no matter who brings it';
const FORGED = 'tokens of others, for others, of other jobs, old or altered are refused';

/** V9: self-contained tokens. */
export const TOKENS: Chapter = {
  id: 'V9',
  title: 'Self-contained tokens',
  preface:
    'Sessions and keys are references. The only self-contained tokens taken are those of the identity provider and of workloads.',
  requirements: [
    [
      '9.1.1',
      1,
      'signatures are checked first',
      met('of sign-ons, workloads and logouts', 'server/workloads', FORGED, 'server/provider-claims', SIGNED),
    ],
    [
      '9.1.2',
      1,
      'algorithms from a list',
      met(
        '`RS256`, `PS256`, `ES256`, `EdDSA` for logout and workload tokens; those of the provider’s metadata for ID tokens, never `none`',
        'server/workloads',
        FORGED,
        'server/provider-claims',
        SIGNED,
      ),
    ],
    [
      '9.1.3',
      1,
      'keys from where they are configured',
      met(
        '`jwks_uri` of the issuer: another key is refused',
        'server/sign-on',
        'a logout at the provider ends the session here, and no other; a forged or repeated token does nothing',
        'server/slow-provider',
        'a logout is refused where the provider does not say where its keys are',
      ),
    ],
    [
      '9.2.1',
      1,
      'validity in time',
      met(
        'with little tolerance',
        'server/provider-claims',
        'the clock of a provider may differ a little, and no more',
        'server/workloads',
        FORGED,
      ),
    ],
    [
      '9.2.2',
      2,
      'the kind of token',
      met(
        '`logout+jwt`, its event, no nonce',
        'server/sign-on',
        'a logout at the provider ends the session here, and no other; a forged or repeated token does nothing',
      ),
    ],
    ['9.2.3', 2, 'the audience', met('our own', 'server/workloads', FORGED)],
    [
      '9.2.4',
      2,
      'one key for several audiences',
      notApplicable('tokens are issued by the provider, not by us'),
    ],
  ],
};
