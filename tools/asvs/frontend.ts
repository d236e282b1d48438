import { type Chapter, met, notMet } from './answer.ts';

/** V3: web frontend. */
export const FRONTEND: Chapter = {
  id: 'V3',
  title: 'Web frontend',
  requirements: [
    [
      '3.2.1',
      1,
      'answers are rendered as nothing else',
      met(
        'a policy, `nosniff` and types on every answer of both listeners; answers of the gateway are sandboxed; files are to be saved',
        'server/browser-answers',
        'of the gateway is no page, whatever the AI system says it is',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
      ),
    ],
    [
      '3.2.2',
      1,
      'text is shown as text',
      met(
        'React alone, and trusted types are required',
        'tools/means.test.ts',
        'pages make no mark-up of text, take no messages of others and keep nothing of what they show',
        'console/console',
        'asks nobody else for anything, breaks no policy of its own, and logs no fault',
      ),
    ],
    [
      '3.3.1',
      1,
      'cookies are secure, and named so',
      met(
        'over TLS; without it only loopback is served, where browsers take no `__Host-`',
        'server/browser-answers',
        'cookies: for this host alone, over TLS alone where it is spoken, and out of reach of scripts and other sites',
      ),
    ],
    [
      '3.3.2',
      2,
      '`SameSite` by purpose',
      met(
        'strict; lax for the one that binds a sign-on to its browser',
        'server/browser-answers',
        'cookies: for this host alone, over TLS alone where it is spoken, and out of reach of scripts and other sites',
      ),
    ],
    [
      '3.3.3',
      2,
      '`__Host-` on all of them',
      met(
        'over TLS',
        'server/browser-answers',
        'cookies: for this host alone, over TLS alone where it is spoken, and out of reach of scripts and other sites',
      ),
    ],
    [
      '3.3.4',
      2,
      'session tokens are out of reach of scripts',
      met(
        '`HttpOnly`, and told nowhere else',
        'server/browser-answers',
        'cookies: for this host alone, over TLS alone where it is spoken, and out of reach of scripts and other sites',
      ),
    ],
    [
      '3.4.1',
      1,
      'TLS is to stay, for a year, with subdomains',
      notMet(
        'a year, on both listeners, but not for subdomains, which are not ours to decide about',
        'server/identity',
        'over TLS browsers are told to stay with it, but not for names of this machine',
        'packages/gateway/src/open-paths.test.ts',
        'over TLS browsers are told to stay with it, but not for names of this machine',
      ),
    ],
    [
      '3.4.2',
      1,
      'other origins read answers by a list',
      met(
        '`gateway.origins`, and none of the control plane',
        'server/browser-answers',
        'no answer lets a page of another origin read it, but those that are named',
      ),
    ],
    [
      '3.4.3',
      2,
      'a content security policy',
      met(
        'everything from here, nothing inline, trusted types',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'console/console',
        'asks nobody else for anything, breaks no policy of its own, and logs no fault',
      ),
    ],
    [
      '3.4.4',
      2,
      '`nosniff` on all',
      met(
        'both listeners',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'server/browser-answers',
        'of the gateway: the same, answered, refused, streamed, and to pages of other origins',
      ),
    ],
    [
      '3.4.5',
      2,
      'a referrer policy',
      met(
        'none is sent',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
      ),
    ],
    [
      '3.4.6',
      2,
      'no frames',
      met(
        'none, on every answer',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'server/browser-answers',
        'of the gateway: the same, answered, refused, streamed, and to pages of other origins',
      ),
    ],
    [
      '3.5.1',
      1,
      'requests come from our own pages',
      met(
        'origin, `Sec-Fetch-Site` and the host are checked; the gateway takes no cookies',
        'server/control',
        'other sites and other host names are refused',
        'server/origins',
        'an origin of another port or scheme is foreign',
      ),
    ],
    [
      '3.5.2',
      1,
      'nothing is done without a preflight',
      met(
        'JSON alone, whose type asks for one',
        'server/request-bodies',
        'of another type are 415, malformed ones 400: never 500, with no session',
      ),
    ],
    [
      '3.5.3',
      1,
      'what acts is not asked by GET',
      met(
        'each GET asks for an action of looking',
        'server/browser-answers',
        'what is asked by GET changes nothing: its action is one of looking',
      ),
    ],
    [
      '3.5.4',
      2,
      'applications have host names of their own',
      notMet(
        'gateway and control plane are two ports of one name unless `control.publicUrl` says otherwise; the gateway serves no pages, and a session is bound to the page that began it',
        'console/ports',
        'the cookie that another port is sent opens nothing',
      ),
    ],
    [
      '3.5.5',
      2,
      'messages of other windows are checked',
      met(
        'none is listened to',
        'tools/means.test.ts',
        'pages make no mark-up of text, take no messages of others and keep nothing of what they show',
      ),
    ],
    [
      '3.7.1',
      2,
      'no plug-ins of old',
      met(
        'the policy lets none in',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'tools/means.test.ts',
        'pages make no mark-up of text, take no messages of others and keep nothing of what they show',
      ),
    ],
    [
      '3.7.2',
      2,
      'redirects elsewhere by a list',
      met(
        'to the configured provider, and back to our own pages',
        'server/sign-on',
        'the way back leads to a page of ours and nowhere else',
      ),
    ],
  ],
};
