/** Whether a member would be written outside the folder that it is unpacked into. */
export function escapes(name: string): boolean {
  const path = name.replaceAll('\\', '/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\0')) return true;
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

/** Whether a link in a folder of the archive leads outside it. */
export function linkEscapes(name: string, target: string): boolean {
  const path = target.replaceAll('\\', '/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return true;
  const folder = name.replaceAll('\\', '/').split('/').slice(0, -1).join('/');
  return escapes(`${folder}/${path}`.replace(/^\//, ''));
}
