import { type FileDetection, SEVERITIES, type Severity } from '@sallyport/core';
import { type FileVerdict, TECHNIQUES, type TechniqueName, worstVerdict } from '../techniques.ts';
import { lineFinder } from '../text/lines.ts';
import { leftOutMessage, ofEachKind } from '../wholeness.ts';

const DETECTIONS_MAX = 2000;

/** A detection whose line is not looked up yet: a file may have more of them than are kept. */
type Unplaced = FileDetection & { readonly needle: string | undefined };

/** What one list of packages comes to, while it is made. */
export class PackageInspection {
  verdict: FileVerdict = 'clean';
  readonly #found: Unplaced[] = [];
  readonly #path: string;
  readonly #text: string;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** Notes what was found. @param more by `needle` its line is looked up */
  report(
    technique: TechniqueName,
    message: string,
    more: {
      needle?: string;
      pointer?: string;
      severity?: Severity;
      references?: readonly string[];
      remedy?: string;
    } = {},
  ): void {
    const known = TECHNIQUES[technique];
    this.verdict = worstVerdict(this.verdict, known.verdict);
    this.#found.push({
      detector: known.detector,
      technique,
      severity: more.severity ?? known.severity,
      message,
      location: { path: this.#path, ...(more.pointer === undefined ? {} : { pointer: more.pointer }) },
      references: [...(more.references ?? []), ...known.references],
      remedy: more.remedy ?? known.remedy,
      needle: more.needle,
    });
  }

  /** The worst of what was found, and something of every kind, each with its line, and how many are left out. Asked once, before the verdict. */
  detections(): FileDetection[] {
    const lineAt = lineFinder(this.#text);
    const leftOut = this.#found.length - DETECTIONS_MAX;
    if (leftOut > 0) this.report('findings-limit', leftOutMessage(leftOut));
    const worst = SEVERITIES.flatMap((severity) => this.#found.filter((one) => one.severity === severity));
    return ofEachKind(worst, DETECTIONS_MAX).map(({ needle, ...one }) => {
      const at = !needle ? -1 : this.#text.indexOf(needle);
      return at < 0 ? one : { ...one, location: { ...one.location, line: lineAt(at) } };
    });
  }
}
