// SPDX-License-Identifier: Apache-2.0
/** The way in: one card per page. */
import compare from '../docs/screenshots/compare.png';
import decoder from '../docs/screenshots/decoder.png';
import explorer from '../docs/screenshots/explorer.png';
import gan from '../docs/screenshots/gan.png';
import { PAGES, showPage } from './site/shell';

const PICTURES = { compare, explorer, decoder, gan } as const;

showPage({
  lead:
    'Four pages about one operation: compare its algorithms, see its arithmetic, and train networks that are made of ' +
    'it. Everything runs in this page; nothing is loaded from elsewhere.',
  children: (
    <div class="cards">
      {PAGES.map(({ folder, title, text }) => (
        <a class="panel card" href={`./${folder}/index.html`}>
          <h2>{title}</h2>
          <p>{text}</p>
          <img src={PICTURES[folder]} alt="" loading="lazy" />
        </a>
      ))}
    </div>
  ),
});
