// Nothing is asked of any other host: no validator, no fonts, no analytics.
const reader = document.getElementById("reader");
SwaggerUIBundle({
  domNode: reader,
  url: reader.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Browsers send no body with GET, and the example of a body would win over what was filled in.
  requestInterceptor: (request) => {
    if (["GET", "DELETE"].includes(request.method)) delete request.body;
    return request;
  },
});
