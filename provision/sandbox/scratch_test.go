package sandbox
import ("testing";"net/http";"io";"crypto/tls";"crypto/x509";"strings";"os";"context";"time";"github.com/cfproxy/cfproxy/worker/workerd")
func TestScratch(t *testing.T){
 home,_:=os.UserCacheDir()
 bin,err:=workerd.Find(os.Getenv, home+"/cfproxy"); if err!=nil{t.Fatal(err)}
 s,_:=Parse([]byte(`{"accounts":[{"name":"Acme","zones":[{"name":"example.com","records":[{"type":"A","name":"*.example.com","content":"2.2.2.2","proxied":true}],"routes":[{"pattern":"*.example.com/*","script":"p"},{"pattern":"no.example.com/*"}]}],
 "scripts":[{"name":"p","compatibility_date":"2026-06-01","bindings":[{"type":"plain_text","name":"A","text":"ü"}],"modules":[{"name":"i.js","text":["export default { async fetch(r, env) {","const u = new URL(r.url);","if (u.pathname=='/throw') throw new Error('boom');","if (u.pathname=='/echo') return Response.json({url:r.url, cf:r.cf, h:Object.fromEntries(r.headers), A:env.A});","u.hostname='api.openai.com'; return fetch(new Request(u, r), {redirect:'manual'}) } }"]}]}]}]}`))
 e,err:=OpenEdge(context.Background(), EdgeConfig{Store:s,Workerd:bin}); if err!=nil{t.Fatal(err)}
 defer e.Close()
 pool:=x509.NewCertPool(); pool.AppendCertsFromPEM(e.CAPEM())
 c:=http.Client{Transport:&http.Transport{DialContext:e.Dial,TLSClientConfig:&tls.Config{RootCAs:pool},ForceAttemptHTTP2:true}}
 do:=func(m,u,body string){ t0:=time.Now(); r,_:=http.NewRequest(m,u,strings.NewReader(body)); if strings.Contains(body,"model"){r.Header.Set("Authorization","Bearer "+Key)}
 res,err:=c.Do(r); if err!=nil{t.Log(u,err);return}; b,_:=io.ReadAll(res.Body); t.Log(m,u,res.Proto,res.StatusCode,res.Header,string(b),time.Since(t0))}
 do("GET","https://a.example.com/echo","")
 do("GET","https://a.example.com/throw","")
 do("POST","https://a.example.com/v1/chat/completions","{}")
 do("POST","https://a.example.com/v1/chat/completions",`{"model":"gpt-4o-mini","messages":[{"role":"user","content":"你好"}]}`)
 do("POST","https://a.example.com/v1/chat/completions",`{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"你好"}]}`)
 do("GET","https://no.example.com/","")
 do("GET","https://a.b.example.com/","")
 do("GET","https://example.com/","")
 t.Log(e.LookupHost(context.Background(),"a.example.com"))
 t.Log(e.LookupHost(context.Background(),"example.com"))
}
