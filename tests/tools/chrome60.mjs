// What a page uses that Chrome 60 (2017), the oldest browser we serve, does not understand.
//
//     node chrome60.mjs FILE...        # .css, .js, .html; prints FILE:LINE: what; ends with 1 if there was anything
//
// The knowledge is MDN's table of what each browser understands since when (@mdn/browser-compat-data). A stylesheet's
// properties, keywords, functions, units and selectors are looked up; a script is parsed as ECMAScript 2017 and the
// names of its objects and methods are looked up: a name that no object of Chrome 60 had is new. What is asked for
// before it is used may stay: say "newer than Chrome 60" in a comment on its line or the one above.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as acorn from 'acorn';
import { full } from 'acorn-walk';
import { parse as parseHtml } from 'parse5';
import postcss from 'postcss';
import parseSelectors from 'postcss-selector-parser';
import parseValue from 'postcss-value-parser';

const known = createRequire(import.meta.url)('@mdn/browser-compat-data');
const OLDEST = 60;
const SAID = 'newer than Chrome 60';
// A browser passes over the block of a media feature, or over an attribute, that it does not know: nothing is lost.
const HARMLESS = new Set(['prefers-color-scheme', 'prefers-reduced-motion', 'prefers-contrast', 'forced-colors',
  'loading', 'inputmode', 'enterkeyhint', 'autocapitalize', 'decoding', 'playsinline', 'name=color-scheme']);
const UNITS = new Set(['', '%', 'px', 'em', 'rem', 'ex', 'ch', 'vh', 'vw', 'vmin', 'vmax', 'cm', 'mm', 'in', 'pt', 'pc',
  'deg', 'grad', 'rad', 'turn', 's', 'ms', 'fr', 'dpi', 'dpcm', 'dppx']);

// Whether Chrome 60 on a phone lacks what this entry of the table describes; what the table does not know is left to vnu.
function isNew(entry) {
  if (!entry || !entry.__compat) return false;
  const ways = [entry.__compat.support.chrome_android].flat().filter((way) => !way.flags && !way.prefix && !way.alternative_name);
  return ways.every((way) => !(parseFloat(String(way.version_added).replace('≤', '')) <= OLDEST));
}

// Stylesheets

function inCss(text, complain) {
  postcss.parse(text).walk((node) => {
    const say = (what) => complain(node.source.start.line, what);
    if (node.type === 'atrule') atRule(node, say);
    if (node.type === 'rule' && node.parent.name !== 'keyframes') selectors(node, say);
    if (node.type === 'decl' && !isGuarded(node)) declaration(node, say);
  });
}

function isGuarded(node) {
  for (let above = node.parent; above; above = above.parent) {
    if (above.name === 'supports' && !above.params.includes('not')) return true;
  }
  return false;
}

function atRule(node, say) {
  if (isNew(known.css['at-rules'][node.name])) say(`@${node.name}`);
  if (node.name !== 'media') return;
  if (/[<>]/.test(node.params)) say('a range in @media');
  for (const [, feature] of node.params.matchAll(/\(\s*([a-z-]+)/g)) {
    const entry = known.css['at-rules'].media[feature.replace(/^(min|max)-/, '')];
    if (isNew(entry) && !HARMLESS.has(feature)) say(`@media (${feature})`);
  }
}

function selectors(node, say) {
  if (node.parent.type === 'rule') say('a rule within a rule');
  parseSelectors((root) => root.walk((part) => {
    if (part.type === 'nesting') say('&');
    if (part.type !== 'pseudo') return;
    if (isNew(known.css.selectors[part.value.replace(/^::?/, '')])) say(part.value);
    if (part.value === ':not' && part.nodes.some((one, place) => place > 0 || one.nodes.length > 1)) say('a list in :not()');
  })).processSync(node.selector);
}

function declaration(node, say) {
  const entry = known.css.properties[node.prop];
  if (isNew(entry)) say(node.prop);
  if (entry && isNew(entry.flex_context) && node.prop !== 'column-gap') say(`${node.prop} (use margins, or grid-gap)`);
  parseValue(node.value).walk((part) => {
    if (part.type === 'function') return callInValue(part, say);
    if (part.type !== 'word') return undefined;
    const size = parseValue.unit(part.value);
    if (size && !UNITS.has(size.unit.toLowerCase())) say(`the unit ${size.unit}`);
    if (/^#(.{4}|.{8})$/.test(part.value)) say('a colour of four or eight digits');
    if (entry && /^[a-z-]+$/.test(part.value) && isNew(entry[part.value])) say(`${node.prop}: ${part.value}`);
    return undefined;
  });
}

function callInValue(part, say) {
  const { types } = known.css;
  if (part.value === 'url') return false;
  if (isNew(types[part.value]) || isNew(types.color[part.value])) say(`${part.value}()`);
  if (/^(rgb|hsl)a?$/.test(part.value) && !part.nodes.some((one) => one.value === ',')) say(`${part.value}() without commas`);
  return undefined;
}

// Scripts

const since = new Map(); // name of a global or a member: whether every object that has it is new

function learn(table, prefix = '') {
  for (const [name, entry] of Object.entries(table)) {
    if (name === '__compat' || /[^\w$@]/.test(name)) continue;
    const plain = prefix + name.replace(/_(static|event)$/, name.endsWith('_event') ? ' event' : '');
    since.set(plain, (since.get(plain) ?? true) && isNew(entry));
    if (prefix === '') learn(entry, '.');
  }
}

function inJs(text, complain) {
  const own = new Set(), declared = new Set();
  const tree = acorn.parse(text, { ecmaVersion: 2017, locations: true });
  const name = (node) => (node && (node.type === 'Identifier' ? node.name : node.value));
  full(tree, (node) => {
    if (node.type === 'Property') own.add(name(node.key));
    if (node.type === 'VariableDeclarator' || /Function/.test(node.type)) declared.add(name(node.id));
    if (/Function/.test(node.type)) node.params.forEach((one) => declared.add(name(one)));
  });
  const called = new Set();
  full(tree, (node) => { if (node.type === 'CallExpression') called.add(node.callee); });
  full(tree, (node) => {
    const say = (what) => complain(node.loc.start.line, what);
    if (node.type === 'MemberExpression' && !node.computed) {
      const member = node.property.name;
      if (since.get(`.${member}`) && (called.has(node) || !own.has(member))) say(`.${member}`);
    }
    if (node.type === 'Identifier' && since.get(node.name) && !declared.has(node.name)) say(node.name);
  });
}

// Pages

function inHtml(text, complain) {
  const look = (node) => {
    const line = node.sourceCodeLocation ? node.sourceCodeLocation.startTag?.startLine ?? node.sourceCodeLocation.startLine : 1;
    const entry = node.namespaceURI === 'http://www.w3.org/1999/xhtml' ? known.html.elements[node.tagName] : undefined;
    if (isNew(entry)) complain(line, `<${node.tagName}>`);
    for (const { name, value } of entry ? node.attrs : []) {
      const here = [entry[name], entry[`${name}_${value}`], entry[name]?.[value], known.html.global_attributes[name]];
      if (here.some(isNew) && !HARMLESS.has(name) && !HARMLESS.has(`${name}=${value}`)) complain(line, `<${node.tagName} ${name}="${value}">`);
    }
    (node.childNodes || []).forEach(look);
  };
  look(parseHtml(text, { sourceCodeLocationInfo: true }));
}

const judges = { css: inCss, js: inJs, html: inHtml };
learn({ ...known.api, ...known.javascript.builtins });
Object.keys(known.api.Window).forEach((name) => { if (name !== '__compat') learn({ [name]: known.api.Window[name] }); });

let found = 0;
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, 'utf8'), lines = text.split('\n');
  const complain = (line, what) => {
    if ([lines[line - 1], lines[line - 2]].some((near) => near?.includes(SAID))) return;
    console.log(`${file}:${line}: ${what}`);
    found += 1;
  };
  try {
    judges[file.split('.').pop()](text, complain);
  } catch (broken) {
    complain(broken.loc?.line ?? broken.line ?? 1, broken.message);
  }
}
process.exitCode = found ? 1 : 0;
