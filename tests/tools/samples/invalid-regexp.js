var year = /(?<year>\d+)/;
