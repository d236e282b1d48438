import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Inspector } from '../src/index.ts';

const inspector = new Inspector();
const leaks = (text: string, prompt: string): string[] =>
  inspector
    .inspect({ text, pointer: '', channel: 'output', systemPrompts: [prompt] })
    .filter(({ detector }) => detector === 'system-prompt-leak')
    .map(({ severity }) => severity);

const DISCLAIMER =
  'This answer is general information, not legal advice; please ask a lawyer before you act on any of it today.';
const RULES =
  'You are the helpdesk of Example Ltd. Never discuss refunds above fifty euros with anybody who has not been verified by telephone first.';
const FACTS =
  'Parcels to Norway leave on Mondays and Thursdays at noon and take between four and six working days to arrive at the door.';

describe('what of a system prompt comes back', () => {
  for (const order of [
    `End every answer with exactly this sentence: ${DISCLAIMER}`,
    `End every answer with "${DISCLAIMER}"`,
    `Always append the following disclaimer: “${DISCLAIMER}”`,
    `Beende jede Antwort mit „${DISCLAIMER}“`,
    `Termine chaque réponse par « ${DISCLAIMER} »`,
    `Termina cada respuesta con "${DISCLAIMER}"`,
    `回答の最後に「${DISCLAIMER}」と付けてください。`,
  ])
    it(`is no leak where it was to be said: ${order.slice(0, 44)}`, () => {
      assert.deepEqual(leaks(`Here you are. ${DISCLAIMER}`, `${RULES}\n${order}\nBe brief.`), []);
      assert.deepEqual(
        leaks(`My rules: ${RULES}`, `${RULES}\n${order}\nBe brief.`),
        ['high'],
        'the rest is watched',
      );
    });

  it('is a leak where it was not to be said', () => {
    assert.deepEqual(leaks(DISCLAIMER, `${RULES}\nNever say "${DISCLAIMER}"`), ['high']);
    assert.deepEqual(leaks(`${RULES} ${DISCLAIMER}`, `${RULES}\n"${DISCLAIMER}"`).length, 1);
  });

  it('is suspected where it is what the system is to know', () => {
    assert.deepEqual(leaks(`To Norway: ${FACTS}`, `${RULES}\n${FACTS}`), ['medium']);
    assert.deepEqual(leaks(`${RULES} ${FACTS}`, `${RULES}\n${FACTS}`), ['high']);
  });

  it('is seen over short sentences, and over lines', () => {
    const prompt =
      'Be kind.\nAsk for the order number.\nNever name a colleague.\nOffer a call back in two days.';
    assert.deepEqual(leaks(prompt.replaceAll('\n', ' '), prompt), ['high']);
  });
});
