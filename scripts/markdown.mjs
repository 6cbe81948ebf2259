// SPDX-License-Identifier: Apache-2.0
/** What a Markdown text holds: where it links to, the headings that can be linked to, its blocks of code. */
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

const parser = new MarkdownIt({ html: true });

/** All tokens, those inside of lines too. */
const tokensOf = (text) => parser.parse(text, {}).flatMap((token) => [token, ...(token.children ?? [])]);

/** Targets of links and sources of pictures, those of HTML too. */
export const targetsOf = (text) =>
  tokensOf(text)
    .flatMap((token) => [
      token.attrGet('href') ?? token.attrGet('src'),
      ...(/^html_/.test(token.type)
        ? [...token.content.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, to]) => to)
        : []),
    ])
    .filter(Boolean);

/** The anchors that GitHub gives its headings. */
export function anchorsOf(text) {
  const slugger = new GithubSlugger();
  const tokens = parser.parse(text, {});
  return tokens
    .filter((_, n) => tokens[n - 1]?.type === 'heading_open')
    .map(({ children }) =>
      slugger.slug(
        children
          .filter(({ type }) => type === 'text' || type === 'code_inline')
          .map(({ content }) => content)
          .join(''),
      ),
    );
}

/** The blocks of code of a language, in order. */
export const codeOf = (text, language) =>
  parser
    .parse(text, {})
    .filter(({ type, info }) => type === 'fence' && info.trim() === language)
    .map(({ content }) => content);
