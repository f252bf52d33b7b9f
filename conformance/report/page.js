'use strict';
(() => {
  const root = document.documentElement;
  root.classList.add('js');
  const $ = (sel, from = document) => from.querySelector(sel);
  const $$ = (sel, from = document) => [...from.querySelectorAll(sel)];

  // Filters: a set that is empty lets everything through.
  const words = new Set(), documents = new Set();
  const search = $('#search'), shown = $('#shown');
  const checks = $$('.check'), exchanges = $$('.exchange');
  const texts = new WeakMap();
  const text = (el) => {
    if (!texts.has(el)) texts.set(el, el.textContent.toLowerCase());
    return texts.get(el);
  };
  const wasOpen = new Map($$('.group').map((g) => [g, g.open]));

  function filter() {
    const query = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (el) => query.every((q) => text(el).includes(q));
    const active = query.length > 0 || words.size > 0 || documents.size > 0;
    let n = 0;
    for (const c of checks) {
      const show = (!words.size || words.has(c.dataset.word)) && (!documents.size || documents.has(c.dataset.document)) && matches(c);
      c.classList.toggle('hidden', !show);
      if (show) n++;
    }
    for (const x of exchanges) x.classList.toggle('hidden', query.length > 0 && !matches(x));
    for (const g of $$('.group')) {
      const items = $$(':scope > .check, :scope > .exchange', g);
      const some = items.some((c) => !c.classList.contains('hidden'));
      g.classList.toggle('hidden', items.length > 0 && !some);
      if (items.length && items[0].classList.contains('check')) g.open = active ? some : wasOpen.get(g);
    }
    shown.textContent = active ? `${n} of ${checks.length} checks` : '';
  }
  let pending = 0;
  search.addEventListener('input', () => { clearTimeout(pending); pending = setTimeout(filter, 120); });
  for (const chip of $$('.chip')) {
    const [set, value] = chip.dataset.word ? [words, chip.dataset.word] : [documents, chip.dataset.document];
    chip.addEventListener('click', () => {
      const on = !set.has(value);
      if (on) set.add(value); else set.delete(value);
      chip.setAttribute('aria-pressed', String(on));
      filter();
    });
  }
  document.addEventListener('keydown', (e) => {
    if (e.key === '/' && document.activeElement !== search && !e.ctrlKey && !e.metaKey) { e.preventDefault(); search.focus(); }
    if (e.key === 'Escape' && document.activeElement === search) { search.value = ''; filter(); search.blur(); }
  });

  const aim = (hash) => {
    try { return document.getElementById(decodeURIComponent(hash.slice(1))); } catch { return null; }
  };

  // An exchange opens under the finding that it shows.
  document.addEventListener('click', (e) => {
    const link = e.target.closest('a.see');
    if (link) {
      const target = aim(link.hash);
      if (!target) return;
      e.preventDefault();
      const open = link.getAttribute('aria-expanded') === 'true';
      link.setAttribute('aria-expanded', String(!open));
      if (open) { link.nextElementSibling.remove(); return; }
      const copy = $('.body', target).cloneNode(true);
      copy.className = 'shown';
      link.after(copy);
      return;
    }
    const button = e.target.closest('.copy');
    if (button) copyText(button, button.nextElementSibling);
  });

  function copyText(button, pre) {
    const done = (word) => { button.textContent = word; setTimeout(() => { button.textContent = 'Copy'; }, 1500); };
    const select = () => { getSelection().selectAllChildren(pre); done('Selected'); };
    if (!navigator.clipboard) { select(); return; }
    navigator.clipboard.writeText(pre.textContent).then(() => done('Copied'), select);
  }

  // A link to a check or an exchange opens all that is around it.
  function reveal() {
    const target = aim(location.hash);
    for (let el = target; el; el = el.parentElement) if (el.tagName === 'DETAILS') el.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener('hashchange', reveal);
  reveal();

  const themes = ['', 'dark', 'light'];
  const theme = $('.theme');
  theme.addEventListener('click', () => {
    const next = themes[(themes.indexOf(root.dataset.theme || '') + 1) % themes.length];
    root.dataset.theme = next;
    theme.textContent = next ? 'Theme: ' + next : 'Theme';
  });
})();
