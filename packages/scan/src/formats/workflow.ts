import { asObject, type Json } from '../text/json.ts';
import { withoutNul } from '../text/lines.ts';
import { parseYaml, yamlReadings } from '../text/yaml.ts';
import type { Format } from './format.ts';
import { inspectWorkflow } from './inspect-workflow.ts';
import { isThere, readText } from './text-formats.ts';

const NAMES = /(?:^|[/!])(?:\.(?:github|gitea|forgejo)\/workflows\/[^/!]+|action)\.ya?ml$/;
const ALIASES_MAX = 1000;

/** Workflows of GitHub and of what runs the same, and actions that are made of steps. */
export const workflow: Format = {
  name: 'workflow',
  recognise: (probe) =>
    isThere(probe) && NAMES.test(probe.inspection.path.replaceAll('\\', '/').toLowerCase()),
  inspect: (inspection) => {
    for (const reading of yamlReadings(withoutNul(readText(inspection))))
      try {
        for (const { value } of parseYaml(reading, ALIASES_MAX)) {
          const root = asObject(value as Json);
          if (root) inspectWorkflow(inspection, root);
        }
      } catch {
        // As YAML it is read too, and told there.
      }
  },
};
