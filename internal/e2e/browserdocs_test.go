//go:build browser

package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserDocs opens operations in the description for people: each shows the parameters that
// its path has, by their names, and a form takes a file.
func TestBrowserDocs(t *testing.T) {
	s := newStand(t)
	p := newBrowser(t).tab(t)
	for operation, names := range map[string]string{
		"tenants/readTenant":          "id",
		"webhooks/addMedia":           "id,Idempotency-Key,file_name",
		"portal/portalListDeliveries": "webhook,status,limit,cursor,before",
	} {
		p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.api+"/docs#/"+operation))
		p.until(`[...document.querySelectorAll("tr[data-param-name]")]` +
			`.map((e) => e.dataset.paramName).join() === ` + inQuotes(names))
	}
	p.do(chromedp.Navigate("about:blank"), chromedp.Navigate(s.api+"/docs#/webhooks/addMedia"))
	p.until(`document.querySelector(".try-out__btn")`)
	p.press(".try-out__btn")
	p.until(`document.querySelector(".body-param-content-type select, .opblock-section-request-body select")`)
	p.eval(`(() => {
		const s = document.querySelector(".opblock-section-request-body select");
		const set = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set;
		set.call(s, "multipart/form-data");
		s.dispatchEvent(new Event("change", { bubbles: true }));
	})()`)
	p.until(`document.querySelector(".opblock-section-request-body input[type=file]")`)
}
