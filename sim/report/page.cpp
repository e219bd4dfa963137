#include "sim/report/pictures.hpp"

namespace gossip::sim {

extern const char page_before[], page_after[];  // made from sim/page/ by CMake

namespace {

/// JSON within a page: nothing in it may look like a tag.
std::string in_script(const OrderedJson& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace)) {
    text += c == '<' ? "\\u003c" : std::string(1, c);
  }
  return text;
}

}  // namespace

std::string page_html(const OrderedJson& report, const OrderedJson& pictures) {
  OrderedJson reasons_of_misses = OrderedJson::object();
  for (const Named& why : miss_names) reasons_of_misses[std::string(why.name)] = why.help;
  OrderedJson shown = report;
  shown.erase("per_message");  // in the JSON; the page has curves of them
  return page_before + in_script({{"report", shown}, {"pictures", pictures}, {"miss_help", reasons_of_misses}}) +
         page_after;
}

}  // namespace gossip::sim
