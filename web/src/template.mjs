// The one HTML file around the page's code, style and data blocks.
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3' fill='%23222'/%3E%3Cpath d='M3 10h6v3H3zM6 6h7v3H6zM3 3h4v2H3z' fill='%2366ccee'/%3E%3C/svg%3E";

export const page = ({ policy, style, assets, code }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>bufgc</title>
<link rel="icon" href="${ICON}">
<style>${style}</style>
</head>
<body>
<bufgc-app></bufgc-app>
<noscript>This page draws with JavaScript and WebAssembly; switch JavaScript on to use it.</noscript>
${assets}
<script>${code}</script>
</body>
</html>
`;
