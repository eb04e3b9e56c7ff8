# Takes URLs apart with Active Record and ruby-pg: a text in hexadecimal in each line, and for each its settings as
# libpq_spy.c writes them, and then a line with "done".

require "pg"
require "active_record"

# It is loaded when it is first named.
ActiveRecord::Base

$stdout.sync = true
ENV.delete_if { |name, _| name.start_with?("PG") }
$stdin.each_line(chomp: true) do |line|
  begin
    text = [line].pack("H*").force_encoding("UTF-8")
    configurations = ActiveRecord::DatabaseConfigurations.new({ "test" => { "url" => text } })
    config = configurations.configs_for(env_name: "test").first.configuration_hash
    # `postgresql_connection` of the adapter.
    parameters = config.compact
    parameters[:user] = parameters.delete(:username) if parameters[:username]
    parameters[:dbname] = parameters.delete(:database) if parameters[:database]
    valid = PG::Connection.conndefaults_hash.keys + [:requiressl]
    parameters.slice!(*valid)
    string = PG::Connection.parse_connect_args(parameters)
    settings = PG::Connection.conninfo_parse(string).select { |option| option[:val] }
    settings.each { |option| puts "#{option[:keyword]} #{option[:val].unpack1("H*")}" unless option[:keyword] == "fallback_application_name" }
  rescue StandardError => error
    warn "#{text}: #{error}"
    puts "refused"
  end
  puts "done"
end
