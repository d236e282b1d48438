import { InjectionModel, Inspector } from '@sallyport/guard';
import { readGuardModel } from '../guard-model.ts';

/** A part of a text, in UTF-16 units. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** Comments of Markdown that name a link which nothing uses. */
const LINK_COMMENT = /^[ \t]{0,3}\[(?:\/\/|comment|_|#)\]:[ \t]{0,8}(?:#|<>)[^\n]{0,4096}/gim;
/** What a page does not show. */
const UNSHOWN =
  /<(?:div|span|p|details|template)\b[^<>]{0,512}(?:\bhidden\b|display\s{0,4}:\s{0,4}none|font-size\s{0,4}:\s{0,4}0|opacity\s{0,4}:\s{0,4}0(?![.\d])|<template)[^<>]{0,512}>[^<]{0,8192}/gi;

/** Where what no rendering shows stands: comments, links that nothing uses, parts that are not displayed. One comment that is never closed goes to the end, as in a browser. */
export function hiddenParts(text: string): Part[] {
  const found: Part[] = [];
  for (let start = text.indexOf('<!--'); start >= 0; ) {
    const close = text.indexOf('-->', start + 4);
    const end = close < 0 ? text.length : close + 3;
    found.push({ start, end });
    start = text.indexOf('<!--', end);
  }
  for (const pattern of [LINK_COMMENT, UNSHOWN])
    for (const { 0: all, index } of text.matchAll(pattern))
      found.push({ start: index, end: index + all.length });
  return found.sort((a, b) => a.start - b.start);
}

let learned: Inspector | undefined;

/** How surely the guard's model takes a text for an order of an attack: not at all, perhaps, or so that it would deny it. */
export function orderedBy(text: string): 'no' | 'perhaps' | 'surely' {
  learned ??= new Inspector(InjectionModel.parse(readGuardModel('injection.model')));
  const { detections } = learned.assess({ text, pointer: '', channel: 'document' });
  const own = detections.filter(({ detector }) => detector === 'injection');
  if (own.some(({ severity }) => severity === 'high' || severity === 'critical')) return 'surely';
  return own.length > 0 ? 'perhaps' : 'no';
}
