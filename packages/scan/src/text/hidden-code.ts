/** Code that is decoded and run. */
export const DECODED =
  /\b(?:exec|eval|__import__)\s*\(\s*(?:__import__\s*\(\s*["'][\w.]{1,64}["']\s*\)\s*\.\s*)?(?:[\w.]*b(?:64|85|32|16)decode|[\w.]*decompress|bytes\.fromhex|compile\s*\(|marshal\.loads|codecs\.decode|zlib\.|''\.join|getattr\s*\()/g;
