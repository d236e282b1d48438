/** Hybrid of X25519 and ML-KEM-768 (draft-ietf-tls-ecdhe-mlkem), which a quantum computer does not open. */
export const HYBRID_GROUP = 'X25519MLKEM768';

/** Groups that every listener and every client here offers for agreeing on keys, the best first. */
export const TLS_GROUPS = `${HYBRID_GROUP}:X25519:P-256:P-384`;
