package prompt

import (
	"errors"
	"fmt"
	"strings"
)

// tokenURL is as long as the real one and contains every character at which lines were broken.
const tokenURL = "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=" +
	"%5B%7B%22key%22%3A%22workers_scripts%22%2C%22type%22%3A%22edit%22%7D%2C%7B%22key%22%3A%22dns%22%2C%22type%22%3A%22edit%22%7D%5D" +
	"&accountId=*&zoneId=all&name=cfproxy"

var english = Texts{
	Yes: "yes", No: "no",
	Required:     "an answer is required",
	ChooseSome:   "choose at least one with the space bar",
	ChooseNumber: "enter a number from {min} to {max}",
	AnswerYesNo:  "answer y or n",
	AskText:      "Answer", AskSecret: "Answer (not shown)",
	AskNumber: "Number", AskNumbers: "Numbers, separated by commas",
	FilterHint: "type to filter", NoMatch: "no matches",
	KeyNext: "next", KeySubmit: "continue", KeyBack: "back", KeyMove: "move", KeyToggle: "choose",
	KeySwitch: "switch", KeyClear: "show all", KeyQuit: "quit",
}

var chinese = Texts{
	Yes: "是", No: "否",
	Required:     "此项必填",
	ChooseSome:   "请用空格键至少选择一项",
	ChooseNumber: "请输入 {min} 到 {max} 之间的数字",
	AnswerYesNo:  "请回答 y（是）或 n（否）",
	AskText:      "回答", AskSecret: "回答（不显示）",
	AskNumber: "编号", AskNumbers: "编号，以逗号分隔",
	FilterHint: "输入文字以筛选", NoMatch: "没有匹配的选项",
	KeyNext: "下一项", KeySubmit: "继续", KeyBack: "上一项", KeyMove: "移动", KeyToggle: "选择",
	KeySwitch: "切换", KeyClear: "显示全部", KeyQuit: "退出",
}

// fixture has the texts of a wizard in one language.
type fixture struct {
	Texts
	note, noteHelp             string
	token, tokenHelp, badToken string
	zone, zoneHelp             string
	host, hostHelp, badHost    string
	providers, providersHelp   string
	deploy, deployHelp         string
}

var languages = map[string]fixture{
	"en": {
		Texts: english,
		note:  "cfproxy sets up a relay for LLM APIs on your own domain.", noteHelp: "Nothing is changed until you confirm the plan.",
		token: "Cloudflare API token",
		tokenHelp: "Create a token with this link; the permissions are filled in. Choose your zone, click the button at the bottom, " +
			"and copy the token:\n" + tokenURL + "\nThe token is not stored.",
		badToken: "this is not a token, which has 40 letters and digits",
		zone:     "Which of your domains?", zoneHelp: "The relay gets a hostname in this domain.",
		host: "Hostname of the relay", hostHelp: "Your programs will call it instead of api.openai.com. Choose a name one level below the domain: the free certificate covers it.",
		badHost:   "hostnames cannot contain underscores; did you mean gpt-api.example.com?",
		providers: "Which providers?", providersHelp: "The first one is the default.",
		deploy: "Create these three resources now?", deployHelp: "To remove them later: cfproxy destroy",
	},
	"zh": {
		Texts: chinese,
		note:  "cfproxy 会在您自己的域名上搭建大模型 API 中转。", noteHelp: "在您确认计划之前，不会有任何更改。",
		token: "Cloudflare API 令牌",
		tokenHelp: "用下面的链接创建令牌，所需权限已填好。选择您的域名，点击页面底部的按钮，然后复制显示的令牌：\n" +
			tokenURL + "\n令牌不会保存。",
		badToken: "这不是令牌：令牌由 40 个字母和数字组成",
		zone:     "使用哪个域名？", zoneHelp: "中转将使用该域名下的一个主机名。",
		host: "中转的主机名", hostHelp: "您的程序将访问这个主机名，而不是 api.openai.com。最好使用一级子域名（例如 gptapi.example.com），免费证书包含它。",
		badHost:   "主机名不能包含下划线；您是不是想输入 gpt-api.example.com？",
		providers: "使用哪些服务商？", providersHelp: "第一个是默认的服务商。",
		deploy: "现在创建以上三项资源吗？", deployHelp: "以后要全部删除，请运行：cfproxy destroy",
	},
}

func (fx fixture) notePage() []Question {
	return []Question{{Kind: Note, Title: fx.note, Help: fx.noteHelp}}
}

func (fx fixture) tokenPage() []Question {
	return []Question{{Key: "token", Kind: Password, Title: fx.token, Help: fx.tokenHelp, Validate: func(s string) error {
		if len(s) != 40 {
			return errors.New(fx.badToken)
		}
		return nil
	}}}
}

func (fx fixture) zonePage(n int) []Question {
	q := Question{Key: "zone", Kind: Select, Title: fx.zone, Help: fx.zoneHelp, Default: "id7"}
	for i := 1; i <= n; i++ {
		q.Options = append(q.Options, Option{Value: fmt.Sprintf("id%d", i), Label: fmt.Sprintf("zone-%03d.example.com", i)})
	}
	return []Question{q}
}

func (fx fixture) hostPage() []Question {
	return []Question{
		{Key: "host", Title: fx.host, Help: fx.hostHelp, Placeholder: "gptapi.example.com", Validate: func(s string) error {
			if strings.Contains(s, "_") {
				return errors.New(fx.badHost)
			}
			return nil
		}},
		{Key: "providers", Kind: MultiSelect, Title: fx.providers, Help: fx.providersHelp, Default: "openai", Options: []Option{
			{"openai", "OpenAI"}, {"anthropic", "Anthropic"}, {"deepseek", "DeepSeek 深度求索"}, {"gemini", "Google Gemini"},
		}},
	}
}

func (fx fixture) deployPage() []Question {
	return []Question{{Key: "deploy", Kind: Confirm, Title: fx.deploy, Help: fx.deployHelp, Default: No}}
}
