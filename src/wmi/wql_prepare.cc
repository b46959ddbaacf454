#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/text.h"
#include "wmi/wql.h"

namespace qm::wmi::wql {
namespace {

std::string column_name(const Access& access, const PropertyPath& path) {
  std::string out;
  if (access.entry == nullptr) {
    const bool prefixed = access.system && path.names.size() > 1;
    if (access.system) out = system_name(*access.system);
    const std::string_view side =
        access.side == Side::previous ? "PreviousInstance" : "TargetInstance";
    if (!access.system) out = side;
    return prefixed && access.side != Side::event ? fmt::format("{}.{}", side, out) : out;
  }
  out = access.entry->property->name;
  for (const std::string& inner : access.inner) out += "." + inner;
  return out;
}

class Preparer {
 public:
  Preparer(const Query& query, std::shared_ptr<const Repository> repository, Setting setting,
           Diagnostics& diagnostics)
      : query_(query), diagnostics_(diagnostics) {
    std::string name_space = plain_name_space(setting.name_space);
    auto schema = std::make_shared<const Schema>(std::move(repository), std::move(name_space));
    plan_.setting = std::move(setting);
    plan_.setting.name_space = schema->name_space();
    plan_.schema = std::move(schema);
  }

  std::optional<Plan> run() {
    if (!plan_.schema->has_name_space()) {
      std::string known;
      for (const std::string& name : name_spaces(plan_.schema->repository())) {
        known += (known.empty() ? "" : ", ") + name;
      }
      diagnostics_.error("unknown-namespace", {},
                         fmt::format("there is no namespace {}", plan_.setting.name_space),
                         "there are " + known);
      return std::nullopt;
    }
    const bool fine = query_.form == Query::Form::select ? select() : links();
    return fine && !diagnostics_.has_errors() ? std::optional(std::move(plan_)) : std::nullopt;
  }

 private:
  bool wrong(std::string_view code, Span span, std::string message, std::string hint = {}) {
    diagnostics_.error(code, span, std::move(message), std::move(hint));
    return false;
  }

  const ClassEntry* find_class(std::string_view name, Span span) {
    const ClassEntry* one = plan_.schema->find(name);
    if (one != nullptr) return one;
    std::vector<std::string> known{std::string(kMetaClass)};
    for (const ClassEntry* other : plan_.schema->classes()) known.push_back(other->name());
    const std::string near = did_you_mean(name, known);
    wrong("unknown-class", span,
          fmt::format("there is no class {} in {}", name, plan_.setting.name_space),
          near.empty() ? "SELECT * FROM meta_class lists them all" : near.substr(1));
    return nullptr;
  }

  bool select() {
    plan_.all_properties = query_.all_properties;
    if (same_name(query_.class_name.text, kMetaClass)) return schema();
    plan_.the_class = find_class(query_.class_name.text, query_.class_name.span);
    if (plan_.the_class == nullptr) return false;
    if (derives(*plan_.the_class, "__IndicationRelated")) return events();
    if (!without_times()) return false;
    plan_.kind = Kind::data;
    return family({Scope::Form::data, plan_.schema.get(), plan_.the_class, nullptr});
  }

  bool without_times() {
    if (query_.within_ms) {
      return wrong("within", query_.within_span, "WITHIN is for events",
                   fmt::format("SELECT * FROM {} WITHIN 5 WHERE TargetInstance ISA '{}'",
                               kModificationEvent, query_.class_name.text));
    }
    if (query_.grouping) {
      return wrong("group", query_.class_name.span, "GROUP is for events, and this is none");
    }
    return true;
  }

  bool schema() {
    if (!without_times()) return false;
    plan_.kind = Kind::schema;
    return add_class({Scope::Form::schema, plan_.schema.get(), nullptr, nullptr}, diagnostics_);
  }

  bool add_class(const Scope& scope, Diagnostics& diagnostics) {
    auto program = Program::compile(query_.condition, scope, diagnostics);
    std::vector<Column> columns;
    bool fine = program.has_value();
    for (const PropertyPath& path : query_.selected) {
      auto access = resolve(path, scope, diagnostics);
      fine = fine && access.has_value();
      if (!access) continue;
      std::string name =
          access->entry != nullptr && access->side != Side::event && scope.event != nullptr
              ? path.text()
              : column_name(*access, path);
      const bool twice = std::ranges::any_of(
          columns, [&](const Column& known) { return same_name(known.name, name); });
      if (!twice) columns.push_back({std::move(name), std::move(*access)});
    }
    if (!fine) return false;
    plan_.classes.push_back({scope.the_class, std::move(*program), std::move(columns)});
    return true;
  }

  // The class that is named decides whether the query is right; those that derive from it have its
  // properties.
  bool family(Scope scope) {
    const ClassEntry& named = *scope.the_class;
    if (!add_class(scope, diagnostics_)) return false;
    for (const ClassEntry* heir : plan_.schema->family(named)) {
      if (heir == &named) continue;
      Diagnostics ignored;
      scope.the_class = heir;
      add_class(scope, ignored);
    }
    return true;
  }

  // TargetInstance ISA 'C', where the condition cannot hold without it.
  const Term* required_class() const {
    if (query_.condition.nodes.empty()) return nullptr;
    std::vector<std::uint32_t> open{static_cast<std::uint32_t>(query_.condition.nodes.size() - 1)};
    while (!open.empty()) {
      const Node& node = query_.condition.nodes[open.back()];
      open.pop_back();
      if (node.kind == Node::Kind::all_of) {
        open.insert(open.end(), node.parts.rbegin(), node.parts.rend());
      } else if (node.kind == Node::Kind::term) {
        const Term& term = query_.condition.terms[node.parts.front()];
        const bool named = term.op == Operator::isa && term.left.names.size() == 1 &&
                           same_name(term.left.names[0].text, "TargetInstance");
        if (named) return &term;
      }
    }
    return nullptr;
  }

  bool events() {
    plan_.kind = Kind::events;
    plan_.event = plan_.the_class;
    if (!derives(*plan_.event, kOperationEvent)) {
      return wrong("unknown-event", query_.class_name.span,
                   fmt::format("no events of class {} are raised here", plan_.event->name()),
                   fmt::format("there are {}, {}, {} and {}", kCreationEvent, kDeletionEvent,
                               kModificationEvent, kOperationEvent));
    }
    if (!query_.within_ms) {
      return wrong("within", query_.class_name.span,
                   "a query for events says how often it is looked for them",
                   fmt::format("SELECT * FROM {} WITHIN 5 WHERE …", plan_.event->name()));
    }
    plan_.within_ms = *query_.within_ms;
    const Term* term = required_class();
    if (term == nullptr) {
      return wrong("isa", query_.class_name.span, "events of which class?",
                   "say so: WHERE TargetInstance ISA 'MSiSCSI_QMIPSECStats' AND …");
    }
    const auto& literal = std::get<Literal>(term->right);
    const ClassEntry* target = find_class(std::get<std::string>(literal.value.data), literal.span);
    if (target == nullptr) return false;
    const Scope scope{Scope::Form::event, plan_.schema.get(), target, plan_.event};
    if (!family(scope)) return false;
    plan_.grouping = query_.grouping;
    if (!plan_.grouping) return true;
    return std::ranges::all_of(plan_.grouping->by, [&](const PropertyPath& path) {
      return resolve(path, scope, diagnostics_).has_value();
    });
  }

  bool links() {
    plan_.kind = query_.form == Query::Form::references ? Kind::references : Kind::associators;
    auto path = parse_path(query_.object.text);
    if (!path) return wrong("bad-path", query_.object.span, path.error().message);
    LinkRules& rules = plan_.links;
    rules.object = std::move(*path);
    rules.object_class = find_class(rules.object.class_name, query_.object.span);
    plan_.the_class = rules.object_class;
    if (rules.object_class == nullptr) return false;
    for (const ObjectPath::Key& key : rules.object.keys) {
      const PropertyEntry* entry = rules.object_class->property(key.name);
      if (!key.name.empty() && (entry == nullptr || !entry->key)) {
        return wrong("bad-path", query_.object.span,
                     fmt::format("{} is no key of {}", key.name, rules.object_class->name()));
      }
    }
    for (const LinkTerm& term : query_.link_terms) {
      if (!link_term(term, rules)) return false;
    }
    rules.classes_only = rules.classes_only || rules.schema_only;
    if (rules.keys_only) only_keys();
    return true;
  }

  bool link_term(const LinkTerm& term, LinkRules& rules) {
    const bool associators = plan_.kind == Kind::associators;
    struct Row {
      std::string_view keyword;
      std::string* text;
      bool* flag;
      bool associators_only;
      bool is_class;
    };
    const Row rows[] = {
        {"AssocClass", &rules.association, nullptr, true, true},
        {"ClassDefsOnly", nullptr, &rules.classes_only, false, false},
        {"KeysOnly", nullptr, &rules.keys_only, false, false},
        {"RequiredAssocQualifier", &rules.required_association_qualifier, nullptr, true, false},
        {"RequiredQualifier", &rules.required_qualifier, nullptr, false, false},
        {"ResultClass", &rules.result_class, nullptr, false, true},
        {"ResultRole", &rules.result_role, nullptr, true, false},
        {"Role", &rules.role, nullptr, false, false},
        {"SchemaOnly", nullptr, &rules.schema_only, false, false},
    };
    std::vector<std::string> known;
    for (const Row& row : rows) {
      if (row.associators_only && !associators) continue;
      known.emplace_back(row.keyword);
      if (!same_name(row.keyword, term.keyword.text)) continue;
      if (term.value.has_value() != (row.text != nullptr)) {
        return wrong("link-term", term.keyword.span,
                     fmt::format("{} takes {}", row.keyword,
                                 row.text != nullptr ? "a value: = Name" : "no value"));
      }
      if (row.flag != nullptr) *row.flag = true;
      if (row.text == nullptr) return true;
      *row.text = term.value->text;
      return !row.is_class || find_class(*row.text, term.value->span) != nullptr;
    }
    const std::string near = did_you_mean(term.keyword.text, known);
    return wrong("link-term", term.keyword.span,
                 fmt::format("{} is no term of {} OF", term.keyword.text,
                             associators ? "ASSOCIATORS" : "REFERENCES"),
                 near.empty() ? "" : near.substr(1));
  }

  void only_keys() {
    plan_.all_properties = false;
    for (const ClassEntry* one : plan_.schema->classes()) {
      ClassPlan plan{one, {}, {}};
      for (const PropertyEntry& entry : one->properties) {
        if (!entry.key) continue;
        Access access;
        access.entry = &entry;
        access.type = entry.property->type;
        plan.columns.push_back({entry.property->name, std::move(access)});
      }
      plan_.classes.push_back(std::move(plan));
    }
  }

  const Query& query_;
  Diagnostics& diagnostics_;
  Plan plan_;
};

}  // namespace

std::optional<Plan> prepare(std::string_view text, std::shared_ptr<const Repository> repository,
                            Setting setting, Diagnostics& diagnostics) {
  const auto query = parse(text, diagnostics);
  if (!query) return std::nullopt;
  auto plan = Preparer(*query, std::move(repository), std::move(setting), diagnostics).run();
  if (!plan) diagnostics.sort();
  return plan;
}

}  // namespace qm::wmi::wql
