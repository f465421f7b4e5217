// What a page adds when JavaScript runs: it keeps one's place, knows what was seen, lets the picture be chosen while it
// plays, and tells the hub what was really played. Pages are whole without it. Written for Chrome 60, in one small file
// that every page shares.
//
// On the phone (localStorage): `places`, where each lesson was left; `done`, lessons seen to their end; `rendition`, the
// form of a video that was chosen last; `plays`, reports that the hub has not kept yet. The hub sees `plays` alone.
// A report is the state of a play (its id, the intervals played so far), so saying it again changes nothing. Every
// page repeats what is in `plays` until an answer lists it as kept.
(function () {
  'use strict';

  var FIRST_AFTER = 5; // seconds played before the first report
  var EVERY = 10000; // milliseconds between reports while playing
  var NEW_VISIT = 30 * 60000; // after such a pause, playing on is another play
  var MOST_INTERVALS = 100; // in one play; a phone that seeks a lot begins another
  var MOST_PLAYS = 20;
  var MOST_PLACES = 30;
  var MOST_DONE = 500;
  var ENOUGH = 0.9; // of a lesson, played at least once, is all of it
  var LONGEST_STAY = 1800; // seconds on one page; a phone left open is not read for hours

  // Storage

  var memory = {};
  var store = {
    getItem: function (name) { return memory[name]; },
    setItem: function (name, text) { memory[name] = text; },
    removeItem: function (name) { delete memory[name]; }
  };
  try {
    localStorage.setItem('works', '1');
    store = localStorage;
  } catch (refused) { /* private browsing: what this page knows ends with it */ }

  // The entries kept under that name; whatever is no entry of ours is passed over.
  function load(name) {
    var found = {}, entries = {};
    try { found = JSON.parse(store.getItem(name)) || {}; } catch (broken) { /* as if there were none */ }
    Object.keys(found).forEach(function (key) {
      if (found[key] && typeof found[key] === 'object') entries[key] = found[key];
    });
    return entries;
  }

  // Keeps the newest `most` entries; objects remember the order in which names that are no numbers were added.
  function save(name, entries, most) {
    Object.keys(entries).slice(0, -most).forEach(function (old) { delete entries[old]; });
    try { store.setItem(name, JSON.stringify(entries)); } catch (full) { /* the next page may have room */ }
  }

  function isItem(id) { return /^[a-z0-9-]+\/[a-z0-9-]+$/.test(id); }

  // What was seen

  // A lesson that left with a new release is no place to continue, else the start would lead here again and again.
  function letGo(item) {
    var places = load('places');
    delete places[item];
    save('places', places, MOST_PLACES);
  }

  // The lesson was seen to its end: from now on the next one is where to continue.
  function finish(item) {
    var done = load('done'), places = load('places'), next = page.getAttribute('data-next');
    delete places[item];
    if (!done[item] && next && !done[next] && !places[next]) {
      places[next] = { at: 0, left: +page.getAttribute('data-next-seconds'), title: page.getAttribute('data-next-title') };
    }
    save('places', places, MOST_PLACES);
    done[item] = {};
    save('done', done, MOST_DONE);
  }

  // Reports

  var playing = false, sending = false, refused = false, wait = 5000, timer;

  function newPlay(item) {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    var id = Array.prototype.map.call(bytes, function (byte) { return (256 + byte).toString(16).slice(1); }).join('');
    return { id: id, item: item, intervals: [], group: 1 };
  }

  function remember(play) {
    var plays = load('plays');
    plays[play.id] = play;
    save('plays', plays, MOST_PLAYS);
  }

  function report(play) {
    remember(play);
    wait = 5000;
    post();
  }

  function post() {
    var plays = load('plays');
    var ids = Object.keys(plays).slice(0, refused ? 1 : MOST_PLAYS);
    clearTimeout(timer);
    if (!ids.length || sending || !navigator.cookieEnabled) return;
    sending = true;
    fetch('/usage/events', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ plays: ids.map(function (id) { return plays[id]; }) })
    }).then(function (answer) {
      if (answer.ok) return answer.json();
      // A report that the hub cannot read must not hold up the others: they go one by one, and it is dropped.
      var bad = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
      if (bad) { refused = true; wait = 500; }
      return { kept: bad && ids.length === 1 ? ids : [] };
    }).then(function (answer) { forget(plays, answer.kept); }).catch(function () {}).then(function () {
      sending = false;
      if (!Object.keys(load('plays')).length) { refused = false; return; }
      timer = setTimeout(post, playing ? EVERY + 2000 : wait);
      wait = Math.min(wait * 2, 60000);
    });
  }

  // Drops what the hub has kept, unless more was played since it was sent.
  function forget(sent, kept) {
    var plays = load('plays');
    kept.forEach(function (id) {
      if (JSON.stringify(plays[id]) === JSON.stringify(sent[id])) delete plays[id];
    });
    save('plays', plays, MOST_PLAYS);
  }

  function leave(play) {
    remember(play);
    // Plain text: Chrome before 81 refuses to send a beacon as JSON.
    if (navigator.sendBeacon) navigator.sendBeacon('/usage/events', JSON.stringify({ plays: [play] }));
  }

  function onLeaving(act) {
    addEventListener('pagehide', act);
    document.addEventListener('visibilitychange', function () { if (document.hidden) act(); });
  }

  // What was played

  function round(seconds) { return Math.round(seconds * 100) / 100; }

  function merged(intervals, start, end) {
    var apart = intervals.filter(function (one) {
      if (one[1] < start - 0.02 || one[0] > end + 0.02) return true;
      start = Math.min(start, one[0]);
      end = Math.max(end, one[1]);
      return false;
    });
    start = round(start);
    end = round(end);
    return (end > start ? apart.concat([[start, end]]) : apart).sort(function (one, other) { return one[0] - other[0]; });
  }

  function seconds(intervals) {
    return intervals.reduce(function (sum, one) { return sum + one[1] - one[0]; }, 0);
  }

  function watch(media, item, title) {
    var play = newPlay(item), last = null, lastWall = 0, reported = 0, active = Date.now(), resumed = false;

    function mark() { last = media.currentTime; lastWall = performance.now(); }

    // Counts from the last mark to here, unless it is further than playing could have come: a seek is no playing.
    function advance() {
      var from = last, most = (performance.now() - lastWall) / 1000 * media.playbackRate + 1;
      if (media.seeking) return;
      mark();
      if (from === null || last <= from || last - from > most) return;
      play.intervals = merged(play.intervals, from, last);
      active = Date.now();
    }

    function tell(how) {
      if (play.intervals.length) how(play);
      reported = performance.now();
    }

    function keepPlace() {
      var places, end = media.duration, now = media.currentTime;
      if (!end) return;
      if (media.ended || seconds(play.intervals) >= ENOUGH * end) finish(item);
      places = load('places');
      delete places[item];
      if (now > 2 && now < end - Math.min(10, end / 20)) {
        places[item] = { at: round(now), left: round(end - now), title: title };
      }
      save('places', places, MOST_PLACES);
    }

    function resume() {
      var place = load('places')[item];
      if (resumed) return;
      resumed = true;
      if (place && place.at < media.duration) media.currentTime = place.at;
    }

    // Another form of the same lesson goes on where this one is, as the same play.
    function change(address) {
      var at = media.ended ? 0 : media.currentTime, going = !media.paused;
      advance();
      last = null;
      media.src = address;
      if (resumed) media.currentTime = at; // before anything is loaded, this is where playing begins
      if (going) media.play().catch(function () {}); // the sentence beside the player says it
    }

    media.addEventListener('play', function () {
      playing = true;
      if (Date.now() - active > NEW_VISIT) play = newPlay(item);
      if (media.readyState) resume(); else media.addEventListener('loadedmetadata', resume);
    });
    media.addEventListener('seeking', function () { resumed = true; last = null; });
    media.addEventListener('seeked', mark);
    media.addEventListener('playing', mark);
    media.addEventListener('timeupdate', function () {
      advance();
      if (media.paused || media.seeking) return;
      if (reported ? performance.now() - reported >= EVERY : seconds(play.intervals) >= FIRST_AFTER) {
        keepPlace();
        tell(report);
        if (play.intervals.length > MOST_INTERVALS) play = newPlay(item);
      }
    });
    ['pause', 'ended'].forEach(function (name) {
      media.addEventListener(name, function () {
        playing = false;
        advance();
        keepPlace();
        tell(report);
      });
    });
    onLeaving(function () {
      if (!play.intervals.length) return;
      advance();
      keepPlace();
      tell(leave);
    });
    offerForms(document.querySelectorAll('[data-rendition]'), change);
  }

  // The lightest form is in the page. Another is taken before anything is loaded if she chose it last, or if the screen
  // is large and she never chose; an address that names a form is taken at its word.
  function offerForms(links, change) {
    var wanted = store.getItem('rendition') || (matchMedia('(min-width: 40rem)').matches ? 'main' : '');

    function take(link) {
      links.forEach(function (other) { other.removeAttribute('aria-current'); });
      link.setAttribute('aria-current', 'true');
      change(link.getAttribute('data-src'));
    }

    links.forEach(function (link) {
      var name = link.getAttribute('data-rendition'), chosen = link.hasAttribute('aria-current');
      if (name === wanted && !chosen && location.pathname.split('/').length < 5) take(link);
      link.addEventListener('click', function (event) {
        event.preventDefault();
        try { store.setItem('rendition', name); } catch (full) { /* it holds for this page */ }
        take(link);
      });
    });
  }

  // A reading has no player: what counts is the time it was on the screen. It was seen once its end was; a document
  // once it was opened.
  function stay(item) {
    var play = newPlay(item), there = 0, before = performance.now(), told = 0, seen = false;
    var end = page.querySelector('[data-end]'), opens = page.querySelector('[data-open]');
    if (opens) opens.addEventListener('click', function () { finish(item); });
    setInterval(function () {
      var now = performance.now();
      if (!document.hidden) there = Math.min(there + Math.min(now - before, 2000) / 1000, LONGEST_STAY);
      before = now;
      play.intervals = [[0, round(there)]];
      if (!seen && !opens && there >= FIRST_AFTER && end.getBoundingClientRect().top < innerHeight) {
        seen = true;
        finish(item);
      }
      if (there - told >= (told ? EVERY / 1000 : FIRST_AFTER)) {
        told = there;
        report(play);
      }
    }, 1000);
    onLeaving(function () { if (there >= FIRST_AFTER) leave(play); });
  }

  // A file that cannot be played says so, beside the download that may still work elsewhere.
  function watchForTrouble(media, sentence) {
    function look() {
      if (media.error || media.networkState === media.NETWORK_NO_SOURCE) sentence.hidden = false;
    }
    media.addEventListener('error', function () { setTimeout(look, 0); }, true);
    media.addEventListener('playing', function () { sentence.hidden = true; });
    setTimeout(look, 0); // while a form is being changed, there is none for a moment
  }

  // "Continue where you left off" is made here, since the pages are the same for everybody. The latest takes the place
  // of the main action, with its course's drawing if that is on the page.
  function offerToContinue(section) {
    var places = load('places'), list = section.querySelector('ul'), first = section.querySelector('a');

    function fill(link, item) {
      var left = +places[item].left;
      link.href = '/items/' + item;
      link.querySelector('strong').textContent = places[item].title;
      if (left > 0) {
        link.querySelector('.facts').textContent =
          section.getAttribute('data-left').replace('{}', Math.max(1, Math.round(left / 60)));
      }
    }

    Object.keys(places).filter(isItem).slice(-3).reverse().forEach(function (item, place) {
      var link = first;
      if (place) {
        link = list.appendChild(document.createElement('li')).appendChild(document.createElement('a'));
        link.className = 'card';
        link.appendChild(document.createElement('strong'));
        link.appendChild(document.createElement('span')).className = 'facts';
      }
      fill(link, item);
    });
    if (!Object.keys(places).some(isItem)) return;
    document.querySelectorAll('[data-course]').forEach(function (tile) {
      var cover = tile.querySelector('.cover');
      if (first.pathname.split('/')[2] === tile.getAttribute('data-course') && !first.querySelector('.cover')) {
        first.insertBefore(cover.cloneNode(true), first.firstChild);
      }
    });
    document.querySelectorAll('[data-start]').forEach(function (other) { other.hidden = true; });
    section.hidden = false;
  }

  // Phones are shared: whoever gives one on may leave nothing behind but what the hub has still to count.
  function offerToForget(form) {
    form.hidden = !Object.keys(load('places')).concat(Object.keys(load('done'))).length;
    form.addEventListener('submit', function () {
      ['places', 'done', 'rendition'].forEach(function (name) { store.removeItem(name); });
    });
  }

  // A course shows which of its lessons were seen, and goes on with the first that was not.
  function showSeen(list) {
    var done = load('done'), places = load('places'), begun = false, next = null;
    var mark = document.querySelector('.seen'), go = document.querySelector('[data-go]'), link = go.querySelector('a');
    list.querySelectorAll('[data-id]').forEach(function (row) {
      var item = row.getAttribute('data-id');
      begun = begun || done[item] || places[item];
      if (done[item]) row.querySelector('.facts').appendChild(mark.cloneNode(true)).hidden = false;
      else next = next || row;
    });
    if (!begun) return;
    if (next) link.href = next.href;
    link.querySelector('span').textContent = go.getAttribute(next ? 'data-on' : 'data-again');
  }

  var page = document.querySelector('[data-item]');
  var media = document.querySelector('video, audio');
  if (page && media) {
    watch(media, page.getAttribute('data-item'), page.getAttribute('data-title'));
    watchForTrouble(media, document.querySelector('[data-trouble]'));
  } else if (page) {
    stay(page.getAttribute('data-item'));
  }
  if (document.querySelector('[data-gone]')) letGo(location.pathname.split('/').slice(2, 4).join('/'));
  [['[data-left]', offerToContinue], ['.forget', offerToForget], ['[data-lessons]', showSeen]].forEach(function (part) {
    var found = document.querySelector(part[0]);
    if (found) part[1](found);
  });
  post();
})();
