import { type Chapter, notApplicable } from './answer.ts';

const NONE = notApplicable('no WebRTC, no media', 'webrtc', 'wrtc', 'mediasoup', 'node-turn', 'simple-peer');

/** V17: WebRTC. */
export const WEBRTC: Chapter = {
  id: 'V17',
  title: 'WebRTC',
  requirements: [
    ['17.1.1', 2, 'TURN reaches public addresses alone', NONE],
    ['17.2.1', 2, 'keys of DTLS', NONE],
    ['17.2.2', 2, 'cipher suites of DTLS', NONE],
    ['17.2.3', 2, 'SRTP is authenticated', NONE],
    ['17.2.4', 2, 'malformed SRTP stops nothing', NONE],
    ['17.3.1', 2, 'a flood of signals stops nothing', NONE],
    ['17.3.2', 2, 'malformed signals stop nothing', NONE],
  ],
};
