var place = { at: 1 };
place.at = 2;
document.querySelector('p').append('x');
if (navigator.clipboard) navigator.clipboard.writeText('x'); // newer than Chrome 60, asked for first
fetch('/').then(function (answer) { return answer.json(); });
