import { type Chapter, met, notApplicable } from './answer.ts';

/** V4: API and web service. */
export const API: Chapter = {
  id: 'V4',
  title: 'API and web service',
  requirements: [
    [
      '4.1.1',
      1,
      'answers say their type, texts their charset',
      met(
        'on every route',
        'server/browser-answers',
        'of the control plane: nothing of others, in no frame, as no other type, and kept nowhere',
        'server/browser-answers',
        'of the gateway is no page, whatever the AI system says it is',
      ),
    ],
    [
      '4.1.2',
      2,
      'programs are not led from HTTP to HTTPS',
      met(
        'a listener with TLS answers nothing in the clear, and none redirects',
        'server/transport',
        'listeners speak TLS 1.3 when told to',
      ),
    ],
    [
      '4.1.3',
      2,
      'headers of proxies are not believed of others',
      met(
        'addresses from trusted proxies only; scheme and port are those of the listener',
        'packages/access/src/address.test.ts',
        'is that of the connection, whatever others than trusted proxies say',
        'packages/access/src/address.test.ts',
        'is the last hop that no trusted proxy is: what a caller wrote before it does not count',
        'server/origins',
        'the scheme of the request line is not believed',
      ),
    ],
    [
      '4.2.1',
      2,
      'where a message ends is said once',
      met(
        'two ways to say it are refused',
        'server/hostile',
        'ambiguous framing is refused',
        'server/request-forms',
        'with one of each header that decides how it is read',
      ),
    ],
    ['4.3.1', 2, 'GraphQL: bounded queries', notApplicable('no GraphQL', 'graphql')],
    ['4.3.2', 2, 'GraphQL: no introspection', notApplicable('no GraphQL', 'graphql')],
    [
      '4.4.1',
      1,
      'WebSocket over TLS',
      notApplicable(
        'none: offers to change the protocol are not taken up (`handed-over-sockets.test.ts`)',
        'socket.io',
        'websocket',
      ),
    ],
    ['4.4.2', 2, 'WebSocket: origins', notApplicable('no WebSocket', 'socket.io', 'websocket')],
    ['4.4.3', 2, 'WebSocket: tokens', notApplicable('no WebSocket', 'socket.io', 'websocket')],
    [
      '4.4.4',
      2,
      'WebSocket: tokens from the session',
      notApplicable('no WebSocket', 'socket.io', 'websocket'),
    ],
  ],
};
