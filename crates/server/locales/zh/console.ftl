# 控制台文本（中文）。与 en/console.ftl 的键和变量一一对应，由测试保证。

## 框架
skip-to-content = 跳到正文
places = 页面
languages = 语言
today = 今日
silence = 静默
agreement = 合约
search-label = 按编号查找合约
search-hint = 合约编号
search-go = 查找
read-only = 只读控制台 · 每一份逾期合约，每一天，都有且只有一个判定
back-to-today = 回到今日
trail = 所在位置
legend = 图例
pages = 分页
page-before = 上一页
page-after = 下一页

## 日期
choose-day = 选择日期
choose-range = 选择日期范围
day = 日期
day-before = 前一天
day-after = 后一天
from = 起始日
through = 截止日
show = 查看
business-date = 会计日 { $date }
weekday-0 = 一
weekday-1 = 二
weekday-2 = 三
weekday-3 = 四
weekday-4 = 五
weekday-5 = 六
weekday-6 = 日
month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月

## 数量与金额
money-cny = { $amount } 元
money-other = { $amount } { $currency }
agreement-count = { $n ->
   *[other] { $count } 份合约
}
agreements-shown = 第 { $first } – { $last } 份，共 { $total } 份合约
days = { $n ->
   *[other] { $count } 天
}

## 今日
coverage = 覆盖情况
coverage-alternative = 逾期合约 { $overdue } 份：已触达 { $contacted } 份，有原因的静默 { $silent } 份，未解释 { $unexplained } 份。
overdue-agreements = 逾期合约
contacted = 已触达
contacted-detail = 已送达 { $delivered } · 途中 { $pending }
silent = 有原因的静默
silent-detail = 其中发送未成功 { $failed }
unexplained = 未解释
unexplained-examples = 未解释的合约（前几份）：
unexplained-sentence = 当日逾期，却没有判定，也没有原因。这是一起事故，须立即查明。
all-explained = 每一份逾期合约都有判定，没有无故静默
some-unexplained = { $n ->
   *[other] { $count } 份逾期合约没有判定，须立即查明
}
nothing-overdue = 当日没有逾期合约
nothing-overdue-now = 目前没有逾期合约
contacts = 消息
contacts-caption = 当日决定的消息，按状态和渠道
contacts-none = 当日没有决定发送消息
state = 状态
all-channels = 合计
messages-planned = 计划
messages-delivered = 已送达
messages-sent = 已发出
messages-pending = 待发送
messages-held = 暂停留存
messages-failed = 未送达
messages-unknown = 结果不明
messages-withdrawn = 已撤回
messages-hint-planned = 当日决定的全部消息
messages-hint-delivered = 有服务商回执
messages-hint-sent = 服务商已接收，尚无回执
messages-hint-pending = 等待发送时刻或重试
messages-hint-held = 停催期间留存，结束后补发
messages-hint-failed = 发送失败或已过时效
messages-hint-unknown = 服务商未告知是否发出
messages-hint-withdrawn = 发送前取消，或由新消息替代
verdicts-by-reason = 判定与原因
reason = 原因
share = 占比
share-as-bar = 占比图示
agreements = 合约
agreement-days = 合约日
buckets = 逾期阶段
buckets-now = 按目前账务状况
bucket = 阶段
tier = 五级分类
tiers = 欠款的五级分类
tiers-note = 按各产品的分类标准以逾期天数归类；不含暂停计入收入的部分。
tier-of-customer = { $tier }（客户：{ $worst }）
overdue-amount = 逾期金额
pauses-and-incidents = 暂停与事故
pauses = 暂停
pauses-none = 当日没有暂停
set-by = 设置人：{ $author }
incidents = 事故
incidents-none = 当日没有发现事故
incident-action = 处理办法：{ $action }
incident-report = 补救结果：{ $report }
watched-at = 最近一次全面核对 { $moment }
affected = { $n ->
   *[other] 影响 { $count }
}
incident-open = 未恢复
since = { $moment } 起
messages-hit = { $n ->
   *[other] 影响 { $count } 条消息
}
times-seen = { $n ->
   *[other] 发现 { $count } 次
}

## 渠道与消息状态
channel-sms = 短信
channel-voice = 电话
channel-email = 邮件
channel-push = 推送
channel-letter = 信函
state-planned = 已计划
state-held = 暂停留存
state-queued = 待发送
state-sending = 发送中
state-accepted = 已发出
state-delivered = 已送达
state-failed = 未送达
state-unknown = 结果不明
state-expired = 已过时效
state-replaced = 已由新消息替代
state-cancelled = 已取消

## 原因类别
family-contact = 触达
family-policy = 策略
family-account = 账户状态
family-bureau = 征信
family-voice = 客户意愿
family-rule = 法规
family-trial = 试验对照
family-model = 模型预测
family-capacity = 处理能力
family-pause = 计划暂停
family-contact_data = 联系方式
family-fault = 故障
family-other = 其他

## 静默
reasons-over-time = 逐日原因
chart-hint = 每一列是当日全部逾期合约，按原因分段。点击一段，查看其中的合约。
chart-alternative = { $days } 天的堆叠柱形图，共 { $overdue } 个逾期合约日：已触达 { $contacted }，有原因的静默 { $silent }，未解释 { $unexplained }。逐日数字见下方表格。
four-weeks = 近 4 周
twelve-weeks = 近 12 周
all-days = 全部
all-days-by-reason = 区间合计
range-totals = { $days } 天 · 逾期合约日 { $overdue } · 已触达 { $contacted } · 有原因的静默 { $silent } · 未解释 { $unexplained }
day-by-day = 逐日数字
day-by-day-hint = 点击数字，查看当日该原因的合约。
list-empty = 当日没有合约属于这一原因。
days-past-due = 逾期天数
product = 产品
why = 为什么

## 合约
opened-on = { $date } 开立
position-on = { $date } 账务状况
owed = 全部欠款
late-fee = 违约金
credit-limit = 授信额度
credit = 溢缴款
line = 授信额度与占用
line-used = 已用
line-held = 授权冻结
line-free = 可用
line-blocked = 未用额度（目前不可使用）
line-credit = 计入的溢缴款
line-over = 已超出额度 { $amount }：暂不能再消费，但不会因此产生应还款。
line-holds = 未请款的授权
hold-merchant = 商户
hold-reference = 参考号
hold-through = 冻结至
hold-amount = 授权金额
hold-held = 冻结
calendar = 判定日历
calendar-hint = 颜色表示当日判定的原因类别。点击一天，查看为什么。
not-overdue = 无逾期
statements = 未结账单
statements-none = 没有未结账单
all-statements = 历史账单
all-statements-hint = 每份账单按出账时已知的信息编制；客户姓名已隐去部分。
all-statements-none = 还没有账单
all-statements-link = 查看全部账单
back-to-agreement = 返回合约
statement-cut-off = 账单日
statement-due = 到期还款日
statement-previous = 上期余额
statement-new = 本期余额
statement-minimum = 最低还款额
statement-overdue = 逾期金额
statement-forms = 文件
cut-off = 账单日
due-on = 到期日
billed = 账单金额
paid = 已还
rest = 未还
minimum-payment = 最低还款额
overdue = 逾期
circumstances = 客户情况
circumstance-in-force = 生效中
holds = 暂停与冻结
hold-span = { $from } 至 { $through }
hold-open = { $from } 起，至另行通知
hold-running = 进行中
timeline = 经过
timeline-none = 尚无记录
earlier = { $n ->
   *[other] 更早的 { $count } 条
}
kind-purchase = 消费
kind-payment = 还款
kind-refund = 退款
kind-reversal = 冲正
kind-waiver = 减免
kind-obligation = 应还款项
kind-charge = 费用
kind-ageing_pause = 暂停计算逾期
kind-ageing_resume = 恢复计算逾期
kind-fee_freeze = 停止计收违约金
kind-statement_plan = 账单分期
kind-reschedule = 变更还款计划
kind-payoff = 提前结清
kind-credit_refund = 退还溢缴款
kind-charge_off = 转呆账
kind-write_off = 核销
kind-sale = 债权转让
kind-statement = 账单
kind-missed = 到期未还
kind-verdict = 判定
kind-message = 消息
kind-contact_point = 联系方式
contact-points = 联系方式
contact-points-none = 没有联系方式
point-kind-phone = 电话
point-kind-email = 邮箱
point-kind-push = 应用推送
point-kind-postal = 邮寄地址
point-verified = { $date } 已核实（{ $how }）
point-place = 来源：{ $place }
point-place-line = 来源：{ $file } 第 { $line } 行
point-state-active = 可用
point-state-removed = 已移除
point-state-invalid = 已失效

## 为什么
why-heard = 为什么联系了客户？
why-silent = 为什么没有联系客户？
answer = 结论
message-became = 消息：{ $state }
no-verdict = 无需判定
no-verdict-sentence = 当日没有逾期，因此没有判定。
chain = 从事实到结果
evidence = 凭证
customer-sentence = 可以告知客户
stage-facts = 事实
stage-position = 账务状况
stage-strategy = 策略
stage-rule = 法规
stage-pause = 暂停
stage-fault = 故障
stage-contact_data = 联系方式
stage-message = 消息
stage-outcome = 结果

## 问题
problem-impossible_date-title = 日期不存在
problem-impossible_date-message = “{ $text }”不是日历上的日期。
problem-impossible_date-remedy = 请按 2026-02-28 的形式填写存在的日期。
problem-bad_number-title = 数字有误
problem-bad_number-message = 参数 { $name } 的值“{ $text }”不是可用的整数。
problem-bad_number-remedy = 请填写 0 或正整数。
problem-unknown_reason-title = 没有这个原因
problem-unknown_reason-message = 没有代码为“{ $text }”的原因。
problem-unknown_reason-remedy = 请从“静默”页面的图表或表格进入。
problem-backward_range-title = 日期范围颠倒
problem-backward_range-message = 起始日 { $from } 晚于截止日 { $through }。
problem-backward_range-remedy = 请对调两个日期。
problem-long_range-title = 日期范围过长
problem-long_range-message = 所选范围有 { $days } 天，最多显示 { $max } 天。
problem-long_range-remedy = 请缩短范围，分段查看。
problem-no_id-title = 缺少合约编号
problem-no_id-message = 没有填写合约编号。
problem-no_id-remedy = 请在上方填写机构的合约编号，或 agr_ 开头的编号。
problem-day_not_run-title = 当日没有判定
problem-day_not_run-message = { $asked } 尚未运行或尚未日切。
problem-day_not_run-remedy = 可查看 { $first } 至 { $last } 之间的日期。
problem-no_day_yet-title = 尚未运行过任何一天
problem-no_day_yet-message = 还没有完成任何一个会计日，因此没有可显示的判定。
problem-no_day_yet-remedy = 请先运行 dunlin day --date 日期，再刷新本页。
problem-no_statement-title = 当日没有账单
problem-no_statement-message = 合约“{ $name }”在这一天没有账单。
problem-no_statement-remedy = 请从“历史账单”页面选择账单日。
problem-no_statement-nearest = 最近的账单日：{ $days }。
problem-unknown_account-title = 科目不存在
problem-unknown_account-message = 科目表中没有“{ $code }”这个科目。
problem-unknown_account-remedy = 请从“账簿”页面的试算平衡表进入。
problem-unknown_agreement-title = 没有这份合约
problem-unknown_agreement-message = 没有编号为“{ $name }”的合约。
problem-unknown_agreement-remedy = 请核对编号（区分大小写），或从“静默”页面的列表进入。
problem-no_such_page-title = 没有这个页面
problem-no_such_page-message = 这个地址没有页面。
problem-no_such_page-remedy = 请核对地址，或从“今日”页面进入。
problem-foreign_host-title = 不是本机地址
problem-foreign_host-message = 请求指名的主机不是本机。
problem-foreign_host-remedy = 请使用启动时显示的地址，例如 http://127.0.0.1 加端口号。
problem-engine-title = 无法读取数据
problem-engine-message = 系统报告：{ $text }
problem-engine-remedy = 排除上述问题后刷新本页；dunlin verify 可以检查数据。
problem-crashed-title = 程序出错
problem-crashed-message = 生成这个页面时程序出错。
problem-crashed-remedy = 请刷新重试；如再次出现，请附上启动窗口中的信息反馈给我们。

## 账簿
books = 账簿
trial-balance = 试算平衡表
chart-of-accounts = 科目表
account = 科目
debit-side = 借方
credit-side = 贷方
balance = 余额
debit-short = 借
credit-short = 贷
in-all = 合计
sides-equal = 借贷平衡
sides-differ = 借贷不平，请运行 dunlin verify 查明原因
nothing-posted = 没有任何凭证
nothing-closed = 尚未关闭任何会计期间
closed-through = 会计期间已关闭至 { $date }
no-account = 科目表中没有对应科目
class-asset = 资产
class-liability = 负债
class-equity = 所有者权益
class-income = 收入
class-expense = 支出
class-off_balance = 表外
opening-and-closing = 期初与期末
opening = 期初余额
closing = 期末余额
movements = 发生额明细
movement-count = { $n ->
   *[other] 共 { $count } 笔
}
movements-shown = 显示前 { $shown } 笔，共 { $all } 笔；全部明细可用 dunlin ledger journal 导出
what-for = 事由
against = 对方科目
posting-purchase = 消费
posting-refund = 退款
posting-payment = 还款
posting-obligation = 应还款项
posting-fee = 费用入账
posting-allocation = 冲抵
posting-late_fee = 违约金入账
posting-waiver = 减免
posting-accrual = 按日计提
posting-true_up = 计提校准
posting-suspension = 转为暂停确认
posting-recognition = 收到时确认
posting-resumption = 恢复确认
posting-provision = 计提损失准备
posting-credit_refund = 退还溢缴款
posting-overpaid_refund = 多退款项
posting-recovery = 核销后回收
posting-sale = 债权转让
posting-charge = 费用
posting-write_off = 核销
posting-charge_off = 转呆账
posting-memorandum = 表外登记
posting-unassigned = 待处理款项入账
posting-assigned = 待处理款项转出

## 安排
measures = 安排
measures-hint = 策略之外生效的停催、柔性安排和客户情况，以及等待第二人批准的事项
measures-waiting = 等待第二人批准
measures-waiting-note = 由一人提出、须由另一人批准后生效的资料变更和模板。批准请用 dunlin contact-point approve、dunlin template approve。
measures-waiting-none = 没有等待批准的事项
measures-pauses = 停催
measures-pauses-note = 计划性停止联系：期间到期的通知保留，结束后补发一次。
measures-pauses-none = 没有停催
measures-modes = 柔性安排
measures-modes-note = 对一部分客户采取更缓和的方式，结束后不补发。
measures-modes-none = 没有柔性安排
measures-holds = 客户情况
measures-holds-note = 投诉、异议、承诺还款、退订等，期间按规则暂停联系（最近200条）。
measures-holds-none = 没有登记的客户情况
measure-what = 事项
measure-about = 内容
measure-author = 提出人
measure-asked = 提出时间
measure-days = 期间
measure-reaches = 范围
measure-why = 原因
measure-state = 状态
measure-people = 提出 → 批准
measure-effect = 方式
measure-customer = 客户
measure-value = 值
measure-all = 全部
measure-contact_request = 联系方式变更
measure-template = 模板
measure-state-pending = 待批准
measure-state-approved = 已批准
measure-state-rejected = 未批准
measure-effect-silent = 不联系
measure-effect-no_calls = 不打电话

## 外呼
calls = 外呼
calls-hint = 坐席外呼任务：谁在处理，结果如何。领取与登记使用 dunlin call next 和 dunlin call outcome
calls-tasks = 外呼任务
calls-none = 没有外呼任务
calls-customer = 客户
calls-value = 应还金额
calls-state = 状态
calls-agent = 坐席
calls-result = 结果
calls-changed = 更新时间
calls-asked-for = 客户约定此时回电

# Coverage and costs

coverage-costs = 覆盖与费用
coverage-costs-note = 逾期合约日按当日判定统计；费用按消息实际计费日统计，包含到期前提醒，各组合计与 dunlin costs 一致。
coverage-by-product = 按产品
coverage-by-bucket = 按逾期阶段
coverage-by-channel = 按渠道
coverage-product = 产品
coverage-bucket = 逾期阶段
coverage-channel = 渠道
coverage-no-message = 无消息
overdue-days = 逾期合约日
coverage-delivered = 已送达
spent = 费用
spent-on-messages = 消息费用
spent-none = 没有发送费用
spent-per-agreement = 每联系合约
spent-per-delivered = 每送达消息
spent-words = { $currency } { $cost }，共 { $messages } 条消息；每个被联系的合约 { $agreement }，每条送达的消息 { $delivered }
