// SPDX-License-Identifier: Apache-2.0
/** The way in: one card per page. */
import { PAGES, showPage } from './site/shell';

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
        </a>
      ))}
    </div>
  ),
});
